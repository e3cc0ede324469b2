# Rights, items and alarms as values. This module needs no provider, so a test of
# fanout can compare them with what fanout deploy makes.

locals {
  prefix = "arn:${var.partition}"
  place  = "${var.region}:${var.account}"

  # A target with a role of its own needs only that role, unless its type calls no AWS.
  caches  = ["memcached", "redis", "file"]
  roles   = [for t in var.targets : try(t.role, null) == null ? "" : t.role]
  own     = [for i, t in var.targets : t if local.roles[i] == "" && !contains(local.caches, t.type)]
  assumed = [for i, t in var.targets : local.roles[i] if local.roles[i] != "" && !contains(local.caches, t.type)]

  # Where the destination of a target is, as far as it does not say so itself.
  regions = [for t in local.own : try(t.region, null) == null ? var.region : t.region]

  sqs = [for t in local.own : startswith(t.destination, "arn:") ? t.destination : try(
    format("%s:sqs:%s:%s:%s", concat([local.prefix], regex("^https?://sqs[.]([a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/([0-9]{12})/([^/]+)$", t.destination))...),
    "",
  ) if t.type == "sqs"]
  sns = [for t in local.own : t.destination if t.type == "sns"]
  kinesis = [for i, t in local.own : {
    arn       = startswith(t.destination, "arn:") ? t.destination : "${local.prefix}:kinesis:${local.regions[i]}:${var.account}:stream/${t.destination}"
    aggregate = try(tobool(t.aggregate), false)
  } if t.type == "kinesis"]
  firehose = [for i, t in local.own : startswith(t.destination, "arn:") ? t.destination : "${local.prefix}:firehose:${local.regions[i]}:${var.account}:deliverystream/${t.destination}"
  if t.type == "firehose"]
  lambda = [for i, t in local.own : startswith(t.destination, "arn:") ? t.destination : "${local.prefix}:lambda:${local.regions[i]}:${var.account}:function:${t.destination}"
  if t.type == "lambda"]
  secrets = [for t in var.targets : can(regex("-[^-]{6}$", t.secret)) ? t.secret : "${t.secret}-??????" if try(t.secret, null) != null]

  # Destinations of records that Lambda gave up on.
  failures = compact(concat([for s in var.streams : s.on_failure_arn], [var.async_failure_arn]))
  services = [for f in local.failures : split(":", f)[2]]
  buckets  = [for i, f in local.failures : f if local.services[i] == "s3"]

  sources = [for s in var.streams : s.arn]
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
    { sid = "AssumeRoles", actions = ["sts:AssumeRole"], resources = local.assumed },
    { sid = "AggregateForKinesis", actions = ["kinesis:ListShards"], resources = [for k in local.kinesis : k.arn if k.aggregate] },
    { sid = "SendToFirehose", actions = ["firehose:PutRecordBatch"], resources = local.firehose },
    { sid = "SendToKinesis", actions = ["kinesis:PutRecords"], resources = local.kinesis[*].arn },
    { sid = "SendToLambda", actions = ["lambda:InvokeFunction"], resources = concat(local.lambda, [for i, f in local.failures : f if local.services[i] == "lambda"]) },
    { sid = "SendToSNS", actions = ["sns:Publish"], resources = concat(local.sns, [for i, f in local.failures : f if local.services[i] == "sns"]) },
    { sid = "SendToSQS", actions = ["sqs:SendMessage"], resources = concat(compact(local.sqs), compact([var.failures_queue_arn]), [for i, f in local.failures : f if local.services[i] == "sqs"]) },
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
  )
}
