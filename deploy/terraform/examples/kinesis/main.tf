# A stream whose records go to two queues. Write the function first: fanout package .

provider "aws" {
  region = "eu-west-1"
}

resource "aws_kinesis_stream" "orders" {
  name = "orders"

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_sqs_queue" "archive" {
  name = "archive"
}

resource "aws_sqs_queue" "large" {
  name = "large"
}

resource "aws_sns_topic" "oncall" {
  name = "oncall"
}

module "fanout" {
  source = "../.."

  name             = "orders"
  package          = "fanout-arm64.zip"
  alarm_topic_arns = [aws_sns_topic.oncall.arn]

  # Or yamldecode(file("targets.yaml")).targets.
  targets = [
    {
      sourceArn   = aws_kinesis_stream.orders.arn
      id          = "archive"
      type        = "sqs"
      destination = aws_sqs_queue.archive.arn
      active      = true
      collapse    = "none"
    },
    {
      sourceArn   = aws_kinesis_stream.orders.arn
      id          = "large"
      type        = "sqs"
      destination = aws_sqs_queue.large.arn
      active      = true
      collapse    = "none"
      filter      = { data = { total = [{ numeric = [">=", 50] }] } }
    },
  ]

  streams = {
    orders = {
      arn               = aws_kinesis_stream.orders.arn
      starting_position = "TRIM_HORIZON"
      batch_size        = 1000
    }
  }
}

output "failures_queue_arn" {
  description = "Queue for fanout redrive --queue"
  value       = module.fanout.failures_queue_arn
}
