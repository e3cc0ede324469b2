# fanout function fanout: takes batches of records and delivers them to its targets.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

variable "package" {
  description = "Path of the packaged function, such as fanout-arm64.zip"
  type        = string
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Lambda"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "fanout" {
  name               = "fanoutRole"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "function" {
  statement {
    sid    = "WriteLogs"
    effect = "Allow"

    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]

    resources = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/fanout:*"]
  }

  statement {
    sid       = "ReadTargets"
    effect    = "Allow"
    actions   = ["dynamodb:Query"]
    resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/fanoutTargets"]
  }

  statement {
    sid       = "PutMetrics"
    effect    = "Allow"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Custom/FanOut"]
    }
  }
}

resource "aws_iam_role_policy" "fanout" {
  name   = "fanout"
  role   = aws_iam_role.fanout.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_dynamodb_table" "targets" {
  name         = "fanoutTargets"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "sourceArn"
  range_key    = "id"

  attribute {
    name = "sourceArn"
    type = "S"
  }

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_cloudwatch_log_group" "fanout" {
  name              = "/aws/lambda/fanout"
  retention_in_days = 30
}

resource "aws_lambda_function" "fanout" {
  function_name    = "fanout"
  role             = aws_iam_role.fanout.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 30
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  depends_on       = [aws_iam_role_policy.fanout]

  environment {
    variables = {
      FANOUT_METRICS                    = "cloudwatch"
      FANOUT_ON_FAILURE                 = "arn:aws:sqs:eu-west-1:123456789012:failures"
      FANOUT_REPORT_BATCH_ITEM_FAILURES = "true"
      FANOUT_TABLE                      = "fanoutTargets"
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.fanout.name
  }
}

resource "aws_cloudwatch_metric_alarm" "late" {
  alarm_name          = "fanout-late"
  alarm_description   = "fanout function fanout: the function reads records more than 10 minutes after they came; docs/operations.md, Records arrive late"
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = "fanout" }
  statistic           = "Maximum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600000
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name        = "fanout-failed"
  alarm_description = "fanout function fanout: a target has failed for 15 minutes and may hold up a shard; see the log line with its remedy"

  metric_query {
    id          = "records"
    expression  = "SELECT SUM(\"Failed\") FROM SCHEMA(\"Custom/FanOut\", \"Source\", \"Target\", \"Function\") WHERE \"Function\" = 'fanout'"
    period      = 300
    return_data = true
  }

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "diverted" {
  alarm_name        = "fanout-diverted"
  alarm_description = "fanout function fanout: a target did not take a record, which is now in the target of onFailure; mend the cause and run fanout redrive"

  metric_query {
    id          = "records"
    expression  = "SELECT SUM(\"Diverted\") FROM SCHEMA(\"Custom/FanOut\", \"Source\", \"Target\", \"Function\") WHERE \"Function\" = 'fanout'"
    period      = 300
    return_data = true
  }

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "fanout-errors"
  alarm_description   = "fanout function fanout: the function itself has failed for 15 minutes: a crash, a timeout, or a table that it cannot read"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "fanout" }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "fanout-throttles"
  alarm_description   = "fanout function fanout: Lambda has not let the function run for 15 minutes; raise its reserved concurrency or that of the account"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "fanout" }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "lost" {
  alarm_name          = "fanout-lost"
  alarm_description   = "fanout function fanout: Lambda gave up on a notification of a topic; without hook --on-failure it is lost"
  namespace           = "AWS/Lambda"
  metric_name         = "AsyncEventsDropped"
  dimensions          = { FunctionName = "fanout" }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  alarm_name          = "fanout-queue"
  alarm_description   = "fanout function fanout: records wait in the queue for failures; mend the cause and run fanout redrive"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = "failures" }
  statistic           = "Maximum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
  ok_actions          = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
}

resource "aws_cloudwatch_dashboard" "fanout" {
  dashboard_name = "fanout"

  dashboard_body = jsonencode({
    widgets = [
      {
        height = 2

        properties = {
          alarms = [
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-late",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-failed",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-diverted",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-errors",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-throttles",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-lost",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fanout-queue",
          ]

          title = "Alarms"
        }

        type  = "alarm"
        width = 24
        x     = 0
        y     = 0
      },
      {
        height = 6

        properties = {
          metrics = [["AWS/Lambda", "IteratorAge", "FunctionName", "fanout", { label = "oldest", stat = "Maximum" }]]
          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Age of the records that the function reads"
          view    = "timeSeries"
          yAxis   = { left = { label = "Milliseconds", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 0
        y     = 2
      },
      {
        height = 6

        properties = {
          metrics = [
            ["AWS/Lambda", "Invocations", "FunctionName", "fanout", { label = "invocations", stat = "Sum" }],
            ["AWS/Lambda", "Errors", "FunctionName", "fanout", { label = "errors", stat = "Sum" }],
            ["AWS/Lambda", "Throttles", "FunctionName", "fanout", { label = "throttles", stat = "Sum" }],
            ["AWS/Lambda", "AsyncEventsDropped", "FunctionName", "fanout", { label = "notifications lost", stat = "Sum" }],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Function"
          view    = "timeSeries"
          yAxis   = { left = { label = "Count", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 12
        y     = 2
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Delivered\" Function=\"fanout\"', 'Sum')"
                id         = "delivered"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Delivered"
          view    = "timeSeries"
          yAxis   = { left = { label = "Records", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 0
        y     = 8
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Failed\" Function=\"fanout\"', 'Sum')"
                id         = "failed"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Failed"
          view    = "timeSeries"
          yAxis   = { left = { label = "Records", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 12
        y     = 8
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Diverted\" Function=\"fanout\"', 'Sum')"
                id         = "diverted"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Diverted to onFailure"
          view    = "timeSeries"
          yAxis   = { left = { label = "Records", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 0
        y     = 14
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Throttled\" Function=\"fanout\"', 'Sum')"
                id         = "throttled"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Throttled by the destination"
          view    = "timeSeries"
          yAxis   = { left = { label = "Requests", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 12
        y     = 14
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Duration\" Function=\"fanout\"', 'Maximum')"
                id         = "duration"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Time that a target takes"
          view    = "timeSeries"
          yAxis   = { left = { label = "Milliseconds", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 0
        y     = 20
      },
      {
        height = 6

        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Custom/FanOut\",Source,Target,Function} MetricName=\"Requests\" Function=\"fanout\"', 'Sum')"
                id         = "requests"
                label      = "$${PROP('Dim.Target')}"
              },
            ],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Requests"
          view    = "timeSeries"
          yAxis   = { left = { label = "Requests", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 12
        y     = 20
      },
      {
        height = 6

        properties = {
          metrics = [
            ["AWS/Lambda", "Duration", "FunctionName", "fanout", { label = "average", stat = "Average" }],
            ["AWS/Lambda", "Duration", "FunctionName", "fanout", { label = "99th percentile", stat = "p99" }],
            ["AWS/Lambda", "Duration", "FunctionName", "fanout", { label = "longest", stat = "Maximum" }],
          ]

          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Duration of invocations"
          view    = "timeSeries"
          yAxis   = { left = { label = "Milliseconds", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 0
        y     = 26
      },
      {
        height = 6

        properties = {
          metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "failures", { label = "waiting", stat = "Maximum" }]]
          period  = 60
          region  = "eu-west-1"
          stacked = false
          title   = "Queue for failures"
          view    = "timeSeries"
          yAxis   = { left = { label = "Messages", min = 0, showUnits = false } }
        }

        type  = "metric"
        width = 12
        x     = 12
        y     = 26
      },
    ]
  })
}

output "function_arn" {
  description = "ARN of the function"
  value       = aws_lambda_function.fanout.arn
}
