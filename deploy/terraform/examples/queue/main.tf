# A queue whose messages go to an event bus and, as objects, to a bucket. Write the function
# first: fanout package .

provider "aws" {
  region = "eu-west-1"
}

resource "aws_sqs_queue" "dead" {
  name = "jobs-dead"
}

# A visibility timeout of six times the function's timeout, and a queue for messages that always
# fail, as AWS recommends.
resource "aws_sqs_queue" "jobs" {
  name                       = "jobs"
  visibility_timeout_seconds = 180
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
}

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}

resource "aws_s3_bucket" "lake" {
  bucket_prefix = "lake-"
}

resource "aws_sns_topic" "oncall" {
  name = "oncall"
}

module "fanout" {
  source = "../.."

  name             = "jobs"
  package          = "fanout-arm64.zip"
  alarm_topic_arns = [aws_sns_topic.oncall.arn]

  targets = [
    {
      sourceArn   = aws_sqs_queue.jobs.arn
      id          = "shop"
      type        = "eventbridge"
      destination = aws_cloudwatch_event_bus.shop.arn
      active      = true
      detailType  = "Job"
    },
    {
      sourceArn   = aws_sqs_queue.jobs.arn
      id          = "lake"
      type        = "s3"
      destination = "s3://${aws_s3_bucket.lake.bucket}/jobs"
      active      = true
    },
  ]

  queues = {
    jobs = { arn = aws_sqs_queue.jobs.arn, maximum_concurrency = 10 }
  }
}
