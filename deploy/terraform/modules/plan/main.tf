# Rights, items and alarms as values. This module needs no provider, so a test of
# fanout can compare them with what fanout deploy makes.

locals {
  prefix = "arn:${var.partition}"
  place  = "${var.region}:${var.account}"

  # Destinations of records that Lambda gave up on.
  failures = compact(concat([for s in var.streams : s.on_failure_arn], [var.async_failure_arn]))
  services = [for f in local.failures : split(":", f)[2]]
  buckets  = [for i, f in local.failures : f if local.services[i] == "s3"]

  sources = concat([for s in var.streams : s.arn], [for q in var.queues : q.arn])
  readers = [for s in local.sources : split(":", s)[2]]

  network = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"]

  # Every statement that the role may need. The ones without resources are left out.
  all = [
    { sid = "WriteLogs", actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${local.prefix}:logs:${local.place}:log-group:${var.log_group}:*"] },
    { sid = "ReadTargets", actions = ["dynamodb:Query"], resources = ["${local.prefix}:dynamodb:${local.place}:table/${var.table}"] },
    { sid = "KeepLedger", actions = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"], resources = [for l in compact([var.ledger]) : "${local.prefix}:dynamodb:${local.place}:table/${l}"] },
    { sid = "PutMetrics", actions = ["cloudwatch:PutMetricData"], resources = [for m in [var.metrics] : "*" if m == "cloudwatch"], condition = { StringEquals = { "cloudwatch:namespace" = [var.metrics_namespace] } } },
    { sid = "PutTraces", actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources = [for x in [var.tracing] : "*" if x] },
    { sid = "FindNetwork", actions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], resources = [for v in [var.vpc] : "*" if v] },
    { sid = "ManageInterfaces", actions = local.network, resources = [for kind in ["network-interface", "security-group", "subnet"] : "${local.prefix}:ec2:${local.place}:${kind}/*" if var.vpc] },
    {
      sid       = "NetworkIsForLambdaAlone", effect = "Deny"
      actions   = sort(concat(local.network, ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DetachNetworkInterface"]))
      resources = [for v in [var.vpc] : "*" if v], condition = { ArnEquals = { "lambda:SourceFunctionArn" = ["${local.prefix}:lambda:${local.place}:function:${var.name}"] } }
    },
    {
      sid       = "ReadKinesis", actions = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
      resources = [for i, s in local.sources : split("/consumer/", s)[0] if local.readers[i] == "kinesis"]
    },
    { sid = "SubscribeToKinesis", actions = ["kinesis:SubscribeToShard"], resources = [for i, s in local.sources : s if local.readers[i] == "kinesis" && strcontains(s, "/consumer/")] },
    { sid = "ReadDynamoDB", actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], resources = [for i, s in local.sources : s if local.readers[i] == "dynamodb"] },
    { sid = "ListDynamoDBStreams", actions = ["dynamodb:ListStreams"], resources = distinct([for r in local.readers : "*" if r == "dynamodb"]) },
    { sid = "ReadSQS", actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources = [for i, s in local.sources : s if local.readers[i] == "sqs"] },
    { sid = "AssumeRoles", actions = ["sts:AssumeRole"], resources = local.assumed },
    { sid = "AggregateForKinesis", actions = ["kinesis:ListShards"], resources = [for i, t in local.own : local.arns[i] if t.type == "kinesis" && try(tobool(t.aggregate), false)] },
    { sid = "CompareExecutions", actions = ["states:DescribeExecution"], resources = [for m in local.machines : "${replace(join(":", slice(split(":", m), 0, 7)), ":stateMachine:", ":execution:")}:*"] },
    { sid = "DeleteFromDynamoDB", actions = ["dynamodb:DeleteItem"], resources = [for i, t in local.own : local.arns[i] if t.type == "dynamodb" && try(t.tombstone, null) == "none" && strcontains(t.sourceArn, ":dynamodb:")] },
    { sid = "PutToDynamoDB", actions = ["dynamodb:PutItem"], resources = [for i, t in local.own : local.arns[i] if t.type == "dynamodb"] },
    { sid = "PutToS3", actions = ["s3:PutObject"], resources = local.objects },
    { sid = "SendToAPIGateway", actions = ["execute-api:Invoke"], resources = local.apis },
    { sid = "SendToEventBridge", actions = ["events:PutEvents"], resources = [for i, t in local.own : local.arns[i] if t.type == "eventbridge"] },
    { sid = "SendToFirehose", actions = ["firehose:PutRecordBatch"], resources = [for i, t in local.own : local.arns[i] if t.type == "firehose"] },
    { sid = "SendToFunctionURLs", actions = ["lambda:InvokeFunctionUrl"], resources = local.function_urls },
    { sid = "SendToIoT", actions = ["iot:Publish"], resources = compact(local.topics) },
    { sid = "SendToKinesis", actions = ["kinesis:PutRecords"], resources = [for i, t in local.own : local.arns[i] if t.type == "kinesis"] },
    { sid = "SendToLambda", actions = ["lambda:InvokeFunction"], resources = concat([for i, t in local.own : local.arns[i] if t.type == "lambda"], [for i, f in local.failures : f if local.services[i] == "lambda"]) },
    { sid = "SendToOpenSearch", actions = ["es:ESHttpPost"], resources = compact(local.indexes) },
    { sid = "SendToOpenSearchServerless", actions = ["aoss:APIAccessAll"], resources = compact(local.collections) },
    { sid = "SendToSNS", actions = ["sns:Publish"], resources = concat([for i, t in local.own : local.arns[i] if t.type == "sns"], [for i, f in local.failures : f if local.services[i] == "sns"]) },
    { sid = "SendToSQS", actions = ["sqs:SendMessage"], resources = concat(compact(local.queues), compact([var.failures_queue_arn]), [for i, f in local.failures : f if local.services[i] == "sqs"]) },
    { sid = "StartExecutions", actions = ["states:StartExecution"], resources = local.machines },
    { sid = "SendToEventBus", actions = ["events:PutEvents"], resources = [for i, f in local.failures : f if local.services[i] == "events"] },
    { sid = "PutFailedBatches", actions = ["s3:PutObject"], resources = [for b in local.buckets : "${b}/*"] },
    { sid = "FindFailureBuckets", actions = ["s3:ListBucket"], resources = local.buckets },
    { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = local.secrets },
  ]

  # Items in DynamoDB's JSON. What is no string, number or boolean is stored as text, as
  # fanout apply does. The first character of a value in JSON tells its type.
  json = [for t in var.targets : { for k, v in t : k => jsonencode(v) if v != null }]
  items = [for t in local.json : format("{%s}", join(",", [
    for k, v in t : format("%s:%s", jsonencode(k),
      startswith(v, "\"") ? format("{\"S\":%s}", v) :
      contains(["true", "false"], v) ? format("{\"BOOL\":%s}", v) :
      can(regex("^[-0-9]", v)) ? format("{\"N\":\"%s\"}", v) :
      format("{\"S\":%s}", jsonencode(v))
    )
  ]))]

  queue = try(element(split(":", var.failures_queue_arn), 5), null)
  about = "fanout function ${var.name}: "
  fan   = { namespace = "AWS/Lambda", dimensions = { FunctionName = var.name }, query = null, threshold = 0 }
  query = { for metric in ["Failed", "Diverted"] : metric =>
    "SELECT SUM(\"${metric}\") FROM SCHEMA(\"${var.metrics_namespace}\", \"Source\", \"Target\", \"Function\") WHERE \"Function\" = '${var.name}'"
  }
  counts = { namespace = null, metric = null, statistic = null, dimensions = null, threshold = 0 }

  # What Lambda tries again is an alarm after 3 periods, and what nobody tries again at once.
  alarms = merge(
    {
      late      = merge(local.fan, { metric = "IteratorAge", statistic = "Maximum", threshold = 600000, periods = 3, description = "the function reads records more than 10 minutes after they came; docs/operations.md, Records arrive late" })
      errors    = merge(local.fan, { metric = "Errors", statistic = "Sum", periods = 3, description = "the function itself has failed for 15 minutes: a crash, a timeout, or a table that it cannot read" })
      throttles = merge(local.fan, { metric = "Throttles", statistic = "Sum", periods = 3, description = "Lambda has not let the function run for 15 minutes; raise its reserved concurrency or that of the account" })
      lost      = merge(local.fan, { metric = "AsyncEventsDropped", statistic = "Sum", periods = 1, description = "Lambda gave up on a notification of a topic; without hook --on-failure it is lost" })
    },
    { for key, a in {
      failed   = merge(local.counts, { query = local.query["Failed"], periods = 3, description = "a target has failed for 15 minutes and may hold up a shard; see the log line with its remedy" })
      diverted = merge(local.counts, { query = local.query["Diverted"], periods = 1, description = "a target did not take a record, which is now in the target of onFailure; mend the cause and run fanout redrive" })
    } : key => a if var.metrics != "none" },
    { for key, a in {
      queue = merge(local.fan, {
        namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", periods = 1
        dimensions = { QueueName = local.queue }, description = "records wait in the queue for failures; mend the cause and run fanout redrive"
      })
    } : key => a if var.queue_alarm },
    { for key, q in var.queues : "late-${key}" => merge(local.fan, {
      namespace  = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum", threshold = 600, periods = 3
      dimensions = { QueueName = element(split(":", q.arn), 5) }
      name       = "late-${element(split(":", q.arn), 5)}", description = "messages wait for more than 10 minutes in the queue ${element(split(":", q.arn), 5)}, which it reads; docs/operations.md, Records arrive late"
    }) if q.alarm },
  )
}
