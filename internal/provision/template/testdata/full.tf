# fanout function clicks: takes batches of records and delivers them to its targets.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

provider "aws" {
  region = "cn-north-1"
}

variable "package" {
  description = "Path of the packaged function, such as fanout-amd64.zip"
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
  name               = "clicks-role"
  path               = "/teams/data/"
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

    resources = ["arn:aws-cn:logs:cn-north-1:123456789012:log-group:/fanout/clicks:*"]
  }

  statement {
    sid       = "ReadTargets"
    effect    = "Allow"
    actions   = ["dynamodb:Query"]
    resources = ["arn:aws-cn:dynamodb:cn-north-1:123456789012:table/clicks-targets"]
  }

  statement {
    sid    = "KeepLedger"
    effect = "Allow"

    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
    ]

    resources = ["arn:aws-cn:dynamodb:cn-north-1:123456789012:table/clicks-ledger"]
  }

  statement {
    sid       = "PutMetrics"
    effect    = "Allow"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Data/Clicks"]
    }
  }

  statement {
    sid    = "PutTraces"
    effect = "Allow"

    actions = [
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]

    resources = ["*"]
  }

  statement {
    sid    = "FindNetwork"
    effect = "Allow"

    actions = [
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
    ]

    resources = ["*"]
  }

  statement {
    sid    = "ManageInterfaces"
    effect = "Allow"

    actions = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:UnassignPrivateIpAddresses",
    ]

    resources = [
      "arn:aws-cn:ec2:cn-north-1:123456789012:network-interface/*",
      "arn:aws-cn:ec2:cn-north-1:123456789012:security-group/*",
      "arn:aws-cn:ec2:cn-north-1:123456789012:subnet/*",
    ]
  }

  statement {
    sid    = "NetworkIsForLambdaAlone"
    effect = "Deny"

    actions = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:DetachNetworkInterface",
      "ec2:UnassignPrivateIpAddresses",
    ]

    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = ["arn:aws-cn:lambda:cn-north-1:123456789012:function:clicks"]
    }
  }

  statement {
    sid    = "ReadKinesis"
    effect = "Allow"

    actions = [
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards",
    ]

    resources = [
      "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks.v2",
      "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks_v2",
    ]
  }

  statement {
    sid       = "SubscribeToKinesis"
    effect    = "Allow"
    actions   = ["kinesis:SubscribeToShard"]
    resources = ["arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks_v2/consumer/fanout:1700000000"]
  }

  statement {
    sid    = "ReadDynamoDB"
    effect = "Allow"

    actions = [
      "dynamodb:DescribeStream",
      "dynamodb:GetRecords",
      "dynamodb:GetShardIterator",
    ]

    resources = ["arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789"]
  }

  statement {
    sid       = "ListDynamoDBStreams"
    effect    = "Allow"
    actions   = ["dynamodb:ListStreams"]
    resources = ["*"]
  }

  statement {
    sid       = "AssumeRoles"
    effect    = "Allow"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws-cn:iam::210987654321:role/receiver"]
  }

  statement {
    sid       = "SendToIoT"
    effect    = "Allow"
    actions   = ["iot:Publish"]
    resources = ["arn:aws-cn:iot:cn-north-1:123456789012:topic/a/*/%%{y}/\"z\"\\"]
  }

  statement {
    sid       = "SendToOpenSearch"
    effect    = "Allow"
    actions   = ["es:ESHttpPost"]
    resources = ["arn:aws-cn:es:cn-north-1:123456789012:domain/orders/orders/_bulk"]
  }

  statement {
    sid       = "SendToSQS"
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws-cn:sqs:cn-north-1:123456789012:failed"]
  }

  statement {
    sid       = "SendToEventBus"
    effect    = "Allow"
    actions   = ["events:PutEvents"]
    resources = ["arn:aws-cn:events:cn-north-1:123456789012:event-bus/failed"]
  }

  statement {
    sid       = "PutFailedBatches"
    effect    = "Allow"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws-cn:s3:::failed-clicks/*"]
  }

  statement {
    sid       = "FindFailureBuckets"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-cn:s3:::failed-clicks"]
  }

  statement {
    sid       = "DecryptViaKinesisCnNorth1"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"

      values = [
        "kinesis.cn-north-1.amazonaws.com",
        "kinesis.cn-north-1.amazonaws.com.cn",
      ]
    }
  }
}

resource "aws_iam_role_policy" "fanout" {
  name   = "fanout"
  role   = aws_iam_role.fanout.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_dynamodb_table" "targets" {
  name         = "clicks-targets"
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
  name              = "/fanout/clicks"
  retention_in_days = 14
}

resource "aws_lambda_function" "fanout" {
  function_name    = "clicks"
  role             = aws_iam_role.fanout.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  memory_size      = 512
  timeout          = 60
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  depends_on       = [aws_iam_role_policy.fanout]

  environment {
    variables = {
      FANOUT_IN_FLIGHT                  = "64"
      FANOUT_LEDGER_TABLE               = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/clicks-ledger"
      FANOUT_LOG_LEVEL                  = "debug"
      FANOUT_METRICS                    = "cloudwatch"
      FANOUT_METRICS_NAMESPACE          = "Data/Clicks"
      FANOUT_REPORT_BATCH_ITEM_FAILURES = "true"
      FANOUT_TABLE                      = "clicks-targets"
      FANOUT_TRACING                    = "xray"
    }
  }

  vpc_config {
    subnet_ids = [
      "subnet-0123456789abcdef0",
      "subnet-0123456789abcdef1",
    ]

    security_group_ids = ["sg-0123456789abcdef0"]
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.fanout.name
  }
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn               = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789"
  function_name                  = aws_lambda_function.fanout.arn
  enabled                        = true
  starting_position              = "LATEST"
  batch_size                     = 1000
  maximum_retry_attempts         = -1
  bisect_batch_on_function_error = true
  function_response_types        = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = "arn:aws-cn:sqs:cn-north-1:123456789012:failed"
    }
  }
}

resource "aws_lambda_event_source_mapping" "clicks_v2" {
  event_source_arn                   = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks.v2"
  function_name                      = aws_lambda_function.fanout.arn
  enabled                            = true
  starting_position                  = "AT_TIMESTAMP"
  starting_position_timestamp        = "2026-01-31T11:00:00Z"
  batch_size                         = 10000
  maximum_batching_window_in_seconds = 5
  parallelization_factor             = 10
  maximum_record_age_in_seconds      = 3600
  maximum_retry_attempts             = 0
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = "arn:aws-cn:s3:::failed-clicks"
    }
  }

  filter_criteria {
    filter {
      pattern = "{\"data\":{\"a\":[\"$${.x}\"]}}"
    }

    filter {
      pattern = "{\"partitionKey\":[\"k\"]}"
    }
  }
}

resource "aws_lambda_event_source_mapping" "clicks_v2_2" {
  event_source_arn               = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks_v2/consumer/fanout:1700000000"
  function_name                  = aws_lambda_function.fanout.arn
  enabled                        = false
  starting_position              = "TRIM_HORIZON"
  batch_size                     = 100
  maximum_record_age_in_seconds  = -1
  maximum_retry_attempts         = -1
  bisect_batch_on_function_error = false
  function_response_types        = ["ReportBatchItemFailures"]
}

resource "aws_lambda_permission" "n2news_fifo" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fanout.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = "arn:aws-cn:sns:cn-north-1:123456789012:2news.fifo"
}

resource "aws_sns_topic_subscription" "n2news_fifo" {
  topic_arn  = "arn:aws-cn:sns:cn-north-1:123456789012:2news.fifo"
  protocol   = "lambda"
  endpoint   = aws_lambda_function.fanout.arn
  depends_on = [aws_lambda_permission.n2news_fifo]
}

resource "aws_lambda_permission" "news" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fanout.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = "arn:aws-cn:sns:cn-northwest-1:123456789012:news"
}

resource "aws_sns_topic_subscription" "news" {
  topic_arn  = "arn:aws-cn:sns:cn-northwest-1:123456789012:news"
  protocol   = "lambda"
  endpoint   = aws_lambda_function.fanout.arn
  depends_on = [aws_lambda_permission.news]
  region     = "cn-northwest-1"
}

resource "aws_lambda_function_event_invoke_config" "fanout" {
  function_name                = aws_lambda_function.fanout.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = "arn:aws-cn:events:cn-north-1:123456789012:event-bus/failed"
    }
  }
}

resource "aws_dynamodb_table_item" "index" {
  table_name = aws_dynamodb_table.targets.name
  hash_key   = aws_dynamodb_table.targets.hash_key
  range_key  = aws_dynamodb_table.targets.range_key

  item = jsonencode({
    sourceArn   = { S = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789" }
    id          = { S = "index" }
    type        = { S = "es" }
    destination = { S = "search-orders-x.cn-north-1.es.amazonaws.com.cn#orders" }
    active      = { BOOL = true }
    parallel    = { BOOL = false }
    convertDDB  = { BOOL = true }
  })
}

resource "aws_dynamodb_table_item" "index_2" {
  table_name = aws_dynamodb_table.targets.name
  hash_key   = aws_dynamodb_table.targets.hash_key
  range_key  = aws_dynamodb_table.targets.range_key

  item = jsonencode({
    sourceArn    = { S = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks.v2" }
    id           = { S = "index" }
    type         = { S = "sqs" }
    destination  = { S = "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/clicks" }
    active       = { BOOL = false }
    role         = { S = "arn:aws-cn:iam::210987654321:role/receiver" }
    externalId   = { S = "12345678" }
    batchRecords = { N = "10" }
  })
}

resource "aws_dynamodb_table_item" "topic" {
  table_name = aws_dynamodb_table.targets.name
  hash_key   = aws_dynamodb_table.targets.hash_key
  range_key  = aws_dynamodb_table.targets.range_key

  item = jsonencode({
    sourceArn   = { S = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks.v2" }
    id          = { S = "topic" }
    type        = { S = "iot" }
    destination = { S = "x.iot.cn-north-1.amazonaws.com.cn#a/$${.x}/%%{y}/\"z\"\\" }
    active      = { BOOL = true }
    collapse    = { S = "none" }
  })
}

output "function_arn" {
  description = "ARN of the function"
  value       = aws_lambda_function.fanout.arn
}
