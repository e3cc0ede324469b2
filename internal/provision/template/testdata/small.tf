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
      FANOUT_REPORT_BATCH_ITEM_FAILURES = "true"
      FANOUT_TABLE                      = "fanoutTargets"
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.fanout.name
  }
}

output "function_arn" {
  description = "ARN of the function"
  value       = aws_lambda_function.fanout.arn
}
