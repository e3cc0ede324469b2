# The same resources as fanout template --format terraform, with inputs.

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  role      = "${var.name}Role"
  table     = "${var.name}Targets"
  ledger    = "${var.name}Ledger"
  log_group = "/aws/lambda/${var.name}"

  place       = "${data.aws_region.here.region}:${data.aws_caller_identity.here.account_id}"
  queue       = "${var.name}Failures"
  queue_arn   = var.failures_queue ? "arn:${data.aws_partition.here.partition}:sqs:${local.place}:${local.queue}" : var.failures_queue_arn
  unsupported = toset([for t in module.plan.unsupported : "${t.id} (${t.type})" if length(var.statements) == 0])
}

# What the resources need, computed without calls.
module "plan" {
  source = "./modules/plan"

  name               = var.name
  partition          = data.aws_partition.here.partition
  region             = data.aws_region.here.region
  account            = data.aws_caller_identity.here.account_id
  table              = local.table
  ledger             = var.ledger ? local.ledger : null
  log_group          = local.log_group
  targets            = var.targets
  streams            = { for k, s in var.streams : k => { arn = s.arn, on_failure_arn = s.on_failure_arn } }
  queues             = { for k, q in var.queues : k => { arn = q.arn, alarm = q.alarm } }
  async_failure_arn  = try(var.async.on_failure_arn, null)
  failures_queue_arn = local.queue_arn
  queue_alarm        = var.failures_queue
  vpc                = length(var.subnet_ids) > 0
  tracing            = var.tracing
  metrics            = var.metrics
  metrics_namespace  = var.metrics_namespace
}

resource "aws_iam_role" "fanout" {
  name                 = local.role
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "fanout" {
  name = "fanout"
  role = aws_iam_role.fanout.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for s in concat(module.plan.statements, [
      for s in var.statements : { sid = s.sid, effect = "Allow", actions = s.actions, resources = s.resources, condition = s.condition }
    ]) : { Sid = s.sid, Effect = s.effect, Action = s.actions, Resource = s.resources, Condition = s.condition }]
  })

  lifecycle {
    precondition {
      condition     = length(local.unsupported) == 0
      error_message = "The module does not know the rights that these targets need: ${join(", ", local.unsupported)}. Pass them as statements; fanout template --targets FILE --format cloudformation prints them."
    }
  }
}

resource "aws_dynamodb_table" "targets" {
  name         = local.table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "sourceArn"
  range_key    = "id"
  tags         = var.tags

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

resource "aws_dynamodb_table_item" "target" {
  for_each = module.plan.items

  table_name = aws_dynamodb_table.targets.name
  hash_key   = aws_dynamodb_table.targets.hash_key
  range_key  = aws_dynamodb_table.targets.range_key
  item       = each.value
}

resource "aws_dynamodb_table" "ledger" {
  count = var.ledger ? 1 : 0

  name         = local.ledger
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "shard"
  range_key    = "batch"
  tags         = var.tags

  attribute {
    name = "shard"
    type = "S"
  }

  attribute {
    name = "batch"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_sqs_queue" "failures" {
  count = var.failures_queue ? 1 : 0

  name                      = local.queue
  message_retention_seconds = 1209600 # 14 days, the most
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_cloudwatch_log_group" "fanout" {
  name              = local.log_group
  retention_in_days = var.log_retention_in_days
  tags              = var.tags
}

resource "aws_lambda_function" "fanout" {
  function_name    = var.name
  role             = aws_iam_role.fanout.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  timeout          = var.timeout
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  tags             = var.tags

  environment {
    variables = merge(
      var.environment,
      {
        FANOUT_TABLE                      = aws_dynamodb_table.targets.name
        FANOUT_METRICS                    = var.metrics
        FANOUT_METRICS_NAMESPACE          = var.metrics_namespace
        FANOUT_REPORT_BATCH_ITEM_FAILURES = "true" # every mapping below asks for it
      },
      local.queue_arn == null ? {} : { FANOUT_ON_FAILURE = local.queue_arn },
      var.ledger ? { FANOUT_LEDGER_TABLE = local.ledger } : {},
      var.tracing ? { FANOUT_TRACING = "xray" } : {},
    )
  }

  dynamic "tracing_config" {
    for_each = var.tracing ? [1] : []

    content {
      mode = "Active"
    }
  }

  dynamic "vpc_config" {
    for_each = length(var.subnet_ids) > 0 ? [1] : []

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  # The function's logs are JSON already; Lambda's format would wrap them.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.fanout.name
  }

  depends_on = [aws_iam_role_policy.fanout, aws_dynamodb_table.ledger, aws_sqs_queue.failures]
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = var.streams

  event_source_arn                   = each.value.arn
  function_name                      = aws_lambda_function.fanout.arn
  enabled                            = each.value.enabled
  starting_position                  = each.value.starting_position
  starting_position_timestamp        = each.value.starting_position_timestamp
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.maximum_batching_window_in_seconds
  parallelization_factor             = each.value.parallelization_factor
  maximum_retry_attempts             = each.value.maximum_retry_attempts
  maximum_record_age_in_seconds      = each.value.maximum_record_age_in_seconds
  bisect_batch_on_function_error     = each.value.bisect_batch_on_function_error
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  dynamic "destination_config" {
    for_each = each.value.on_failure_arn == null ? [] : [each.value.on_failure_arn]

    content {
      on_failure {
        destination_arn = destination_config.value
      }
    }
  }

  dynamic "filter_criteria" {
    for_each = length(each.value.filters) > 0 ? [each.value.filters] : []

    content {
      dynamic "filter" {
        for_each = filter_criteria.value

        content {
          pattern = filter.value
        }
      }
    }
  }
}

# A message that failed comes again until the queue's own redrive policy takes it away.
resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queues

  event_source_arn                   = each.value.arn
  function_name                      = aws_lambda_function.fanout.arn
  enabled                            = each.value.enabled
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.maximum_batching_window_in_seconds
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  dynamic "scaling_config" {
    for_each = each.value.maximum_concurrency == null ? [] : [each.value.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  dynamic "filter_criteria" {
    for_each = length(each.value.filters) > 0 ? [each.value.filters] : []

    content {
      dynamic "filter" {
        for_each = filter_criteria.value

        content {
          pattern = filter.value
        }
      }
    }
  }
}

resource "aws_lambda_permission" "topic" {
  for_each = var.topics

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fanout.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = each.value.arn
}

resource "aws_sns_topic_subscription" "topic" {
  for_each = var.topics

  topic_arn  = each.value.arn
  protocol   = "lambda"
  endpoint   = aws_lambda_function.fanout.arn
  region     = each.value.region
  depends_on = [aws_lambda_permission.topic]
}

resource "aws_lambda_function_event_invoke_config" "fanout" {
  count = var.async == null ? 0 : 1

  function_name                = aws_lambda_function.fanout.function_name
  maximum_retry_attempts       = var.async.maximum_retry_attempts
  maximum_event_age_in_seconds = var.async.maximum_event_age_in_seconds

  dynamic "destination_config" {
    for_each = var.async.on_failure_arn == null ? [] : [var.async.on_failure_arn]

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "fanout" {
  for_each = { for key, a in module.plan.alarms : key => a if length(var.alarm_topic_arns) > 0 }

  alarm_name          = each.value.name
  alarm_description   = each.value.description
  namespace           = each.value.query == null ? each.value.namespace : null
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.query == null ? 300 : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  dynamic "metric_query" {
    for_each = each.value.query == null ? [] : [each.value.query]

    content {
      id          = "records"
      expression  = metric_query.value
      period      = 300
      return_data = true
    }
  }
}
