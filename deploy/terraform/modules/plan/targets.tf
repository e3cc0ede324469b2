# What each target may be sent to, as ARNs. Every list with a place for each target has "" or
# null where the module does not know the answer.

locals {
  # A target with a role of its own needs only that role, unless it makes no calls of AWS.
  silent  = [for t in var.targets : contains(["memcached", "redis", "file"], t.type) || t.type == "http" && try(t.auth, null) != "sigv4"]
  roles   = [for t in var.targets : try(t.role, null) == null ? "" : t.role]
  own     = [for i, t in var.targets : t if local.roles[i] == "" && !local.silent[i]]
  assumed = [for i, t in var.targets : local.roles[i] if local.roles[i] != "" && !local.silent[i]]
  secrets = [for t in var.targets : can(regex("-[^-]{6}$", t.secret)) ? t.secret : "${t.secret}-??????" if try(t.secret, null) != null]

  # Where the destination of a target is, as far as it does not say so itself.
  given   = [for t in local.own : try(t.region, null) == null ? "" : t.region]
  regions = [for g in local.given : g == "" ? var.region : g]

  # A name is that of a resource of the account.
  named = {
    dynamodb    = ["dynamodb", "table/"]
    eventbridge = ["events", "event-bus/"]
    firehose    = ["firehose", "deliverystream/"]
    kinesis     = ["kinesis", "stream/"]
    lambda      = ["lambda", "function:"]
  }
  arns = [for i, t in local.own : startswith(t.destination, "arn:") ? t.destination : try(
    "${local.prefix}:${local.named[t.type][0]}:${local.regions[i]}:${var.account}:${local.named[t.type][1]}${t.destination}", t.destination,
  )]
  machines = [for t in local.own : t.destination if t.type == "stepfunctions"]

  # A queue by its ARN or its URL.
  queues = [for t in local.own : startswith(t.destination, "arn:") ? t.destination : try(
    format("%s:sqs:%s:%s:%s", concat([local.prefix], regex("^https?://sqs[.]([a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/([0-9]{12})/([^/]+)$", t.destination))...),
    "",
  ) if t.type == "sqs"]

  # s3://BUCKET/PREFIX: objects below the text before the first place.
  objects = [for t in local.own : "${local.prefix}:s3:::${replace(replace(replace(split("$${", trimprefix(t.destination, "s3://"))[0], "/^([^/]+)[/]?/", "$1/"), "*", "$${*}"), "?", "$${?}")}*" if t.type == "s3"]

  # ENDPOINT#TOPIC: each place of a topic may have any value.
  iot = [for i, t in local.own : merge({ region = local.given[i], topic = "" }, try(
    regex("^(?:https://)?[^/#]*[.]iot[.](?P<there>[a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?(?::[0-9]+)?/?#(?P<topic>(?:[^*?$]|[$][{][^{}$]*[}])+)$", t.destination), {},
  )) if t.type == "iot"]
  topics = [for d in local.iot : d.topic == "" ? "" :
    "${local.prefix}:iot:${d.region == "" ? d.there : d.region}:${var.account}:topic/${replace(d.topic, "/[$][{][^{}]*[}]/", "*")}"
  ]

  # ENDPOINT#INDEX of a domain or a collection. With places, the index is in the body of the
  # request. Requests to a host outside AWS are signed if the target has a region, and then the
  # host does not say which domain it is.
  es = [for i, t in local.own : merge({ region = local.given[i], domain = null, collection = null, index = null, there = "", text = t.destination }, try(
    regex("^(?:https://)?(?:search|vpc)-(?P<domain>[a-z0-9-]+)-[^-.:/#@]+[.](?P<there>[a-z0-9-]+)[.]es[.]amazonaws[.]com(?:[.]cn)?(?::443)?#(?P<index>[A-Za-z0-9._-]+)(?:/[A-Za-z0-9_]+)?$", t.destination),
    regex("^(?:https://)?(?:search|vpc)-(?P<domain>[a-z0-9-]+)-[^-.:/#@]+[.]aos[.](?P<there>[a-z0-9-]+)[.]on[.]aws(?::443)?#(?P<index>[A-Za-z0-9._-]+)(?:/[A-Za-z0-9_]+)?$", t.destination),
    regex("^(?:https://)?(?:search|vpc)-(?P<domain>[a-z0-9-]+)-[^-.:/#@]+[.](?P<there>[a-z0-9-]+)[.]es[.]amazonaws[.]com(?:[.]cn)?(?::443)?#[^/#]*[$][{]", t.destination),
    regex("^(?:https://)?(?P<collection>[a-z0-9]+)[.](?P<there>[a-z0-9-]+)[.]aoss[.]amazonaws[.]com(?:[.]cn)?(?::443)?#", t.destination),
    {},
  )) if t.type == "es"]
  unsigned    = [for d in local.es : strcontains(d.text, "@") || !can(regex("amazonaws[.]com|on[.]aws", d.text)) && d.region == ""]
  indexes     = [for d in local.es : d.domain == null ? "" : "${local.prefix}:es:${d.region == "" ? d.there : d.region}:${var.account}:domain/${d.domain}/${d.index == null ? "" : "${d.index}/"}_bulk"]
  collections = [for d in local.es : d.collection == null ? "" : "${local.prefix}:aoss:${d.region == "" ? d.there : d.region}:${var.account}:collection/${d.collection}"]

  # A URL of a function or of API Gateway, with auth: sigv4.
  signed = [for i, t in local.own : merge({ region = local.regions[i], service = "", api = "", stage = "", path = "" }, try(
    regex("^https://(?P<api>[a-z0-9-]+)[.](?P<service>lambda-url)[.](?P<region>[a-z0-9-]+)[.]on[.]aws(?:/|$)", t.destination),
    regex("^https://(?P<api>[a-z0-9-]+)[.](?P<service>execute-api)[.](?P<region>[a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/(?P<stage>[^/?*]+)/?(?P<path>[^?*]*)(?:[?].*)?$", t.destination),
    regex("^https://(?P<api>[a-z0-9-]+)[.](?P<service>execute-api)[.](?P<region>[a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/?$", t.destination),
    {},
  )) if t.type == "http"]
  function_urls = [for d in local.signed : "${local.prefix}:lambda:${d.region}:${var.account}:function:*" if d.service == "lambda-url"]
  apis = [for d in local.signed : "${local.prefix}:execute-api:${d.region}:${var.account}:${
    d.service == "" ? "*/*/POST/*" : d.stage == "" ? "${d.api}/*" : "${d.api}/${d.stage}/POST/${d.path}"
  }" if d.service != "lambda-url"]

  # What the module cannot work out.
  known = ["dynamodb", "es", "eventbridge", "firehose", "http", "iot", "kinesis", "lambda", "s3", "sns", "sqs", "stepfunctions"]
  unclear = concat(
    [for t in local.own : { id = t.id, type = t.type } if !contains(local.known, t.type)],
    [for t in local.own : { id = t.id, type = "queue that is neither an ARN nor a URL of AWS" } if t.type == "sqs" && !startswith(t.destination, "arn:") && !can(regex("^https?://sqs[.][a-z0-9-]+[.]amazonaws[.]com", t.destination))],
    [for i, t in [for t in local.own : t if t.type == "iot"] : { id = t.id, type = "topic whose places or endpoint the module does not understand" } if local.topics[i] == ""],
    [for i, t in [for t in local.own : t if t.type == "es"] : { id = t.id, type = "index whose name or endpoint the module does not understand" } if local.indexes[i] == "" && local.collections[i] == "" && !local.unsigned[i]],
  )
}
