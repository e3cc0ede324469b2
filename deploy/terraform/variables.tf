variable "package" {
  description = "Path of the packaged function: fanout-arm64.zip or fanout-amd64.zip, as fanout package writes them"
  type        = string
}

variable "name" {
  description = "Name of the function; the names of the other resources begin with it"
  type        = string
  default     = "fanout"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "The name has 1 to 50 letters, digits, hyphens and underscores."
  }
}

variable "targets" {
  description = "Targets as a targets file has them, such as yamldecode(file(\"targets.yaml\")).targets"
  type        = any
  default     = []

  validation {
    condition     = alltrue([for t in var.targets : alltrue([for a in ["sourceArn", "id", "type", "destination", "active"] : can(t[a])])])
    error_message = "Every target has sourceArn, id, type, destination and active. Check the file with fanout lint."
  }

  validation {
    condition     = length(distinct([for t in var.targets : t.id])) == length(var.targets)
    error_message = "Two targets have the same id, by which Terraform knows them. Give each target its own id."
  }
}

variable "streams" {
  description = "Kinesis streams, their consumers, and DynamoDB streams that Lambda reads for the function, by a name of your choice. The defaults are those of fanout hook"
  type = map(object({
    arn                                = string
    enabled                            = optional(bool, true)
    starting_position                  = optional(string, "LATEST")
    starting_position_timestamp        = optional(string)
    batch_size                         = optional(number, 100)
    maximum_batching_window_in_seconds = optional(number, 0)
    parallelization_factor             = optional(number, 1)
    maximum_retry_attempts             = optional(number, -1)
    maximum_record_age_in_seconds      = optional(number, -1)
    bisect_batch_on_function_error     = optional(bool, true)
    on_failure_arn                     = optional(string)
    filters                            = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for s in var.streams : contains(["LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"], s.starting_position)])
    error_message = "The starting_position is LATEST, TRIM_HORIZON or AT_TIMESTAMP."
  }

  validation {
    condition     = alltrue([for s in var.streams : (s.starting_position == "AT_TIMESTAMP") == (s.starting_position_timestamp != null)])
    error_message = "AT_TIMESTAMP and starting_position_timestamp belong together."
  }

  validation {
    condition = alltrue([for s in var.streams : s.batch_size >= 1 && s.batch_size <= 10000 && s.maximum_batching_window_in_seconds >= 0 && s.maximum_batching_window_in_seconds <= 300 &&
    s.parallelization_factor >= 1 && s.parallelization_factor <= 10])
    error_message = "The batch_size is 1 to 10000, the batching window 0 to 300 seconds, and the parallelization_factor 1 to 10."
  }

  validation {
    condition = alltrue([for s in var.streams : s.maximum_retry_attempts >= -1 && s.maximum_retry_attempts <= 10000 &&
    (s.maximum_record_age_in_seconds == -1 || s.maximum_record_age_in_seconds >= 60 && s.maximum_record_age_in_seconds <= 604800)])
    error_message = "The maximum_retry_attempts are -1 to 10000, and the maximum_record_age_in_seconds -1 or 60 to 604800."
  }
}

variable "queues" {
  description = "SQS queues that Lambda reads for the function, by a name of your choice. alarm = false: no alarm on its age, as for a queue of another account"
  type = map(object({
    arn                                = string
    enabled                            = optional(bool, true)
    batch_size                         = optional(number, 10)
    maximum_batching_window_in_seconds = optional(number, 0)
    maximum_concurrency                = optional(number)
    filters                            = optional(list(string), [])
    alarm                              = optional(bool, true)
  }))
  default = {}

  validation {
    condition = alltrue([for q in var.queues : q.batch_size >= 1 && q.batch_size <= 10000 &&
    q.maximum_batching_window_in_seconds >= 0 && q.maximum_batching_window_in_seconds <= 300])
    error_message = "The batch_size of a queue is 1 to 10000, and its batching window 0 to 300 seconds."
  }

  validation {
    condition     = alltrue([for q in var.queues : q.batch_size <= 10 || q.maximum_batching_window_in_seconds > 0])
    error_message = "Batches of more than 10 messages need maximum_batching_window_in_seconds of 1 or more."
  }

  validation {
    condition     = alltrue([for q in var.queues : q.maximum_concurrency == null || try(q.maximum_concurrency >= 2 && q.maximum_concurrency <= 1000, false)])
    error_message = "The maximum_concurrency is 2 to 1000, or null."
  }
}

variable "topics" {
  description = "SNS topics that call the function, by a name of your choice. A topic elsewhere has a region"
  type = map(object({
    arn    = string
    region = optional(string)
  }))
  default = {}
}

variable "async" {
  description = "What Lambda does with a message of a topic that the function failed on; null: Lambda's defaults"
  type = object({
    maximum_retry_attempts       = optional(number)
    maximum_event_age_in_seconds = optional(number)
    on_failure_arn               = optional(string)
  })
  default = null
}

variable "failures_queue" {
  description = "Make a queue for records that a target without onFailure cannot take. Without it, such a record holds up its shard"
  type        = bool
  default     = true
}

variable "failures_queue_arn" {
  description = "ARN of an existing queue for such records, with failures_queue = false; the module makes no alarm for it"
  type        = string
  default     = null

  validation {
    condition     = var.failures_queue_arn == null || !var.failures_queue
    error_message = "Add failures_queue = false to failures_queue_arn."
  }
}

variable "ledger" {
  description = "Make a table where instances of the function share the records that were delivered, so that a retry sends only missing ones"
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processors to run on: arm64 or x86_64. The package must be for them"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Memory of the function, in MB"
  type        = number
  default     = 128

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "The memory is 128 to 10240 MB."
  }
}

variable "timeout" {
  description = "Seconds after which an invocation is stopped"
  type        = number
  default     = 30

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "The timeout is 1 to 900 seconds."
  }
}

variable "environment" {
  description = "More variables of the function, such as FANOUT_LOG_LEVEL"
  type        = map(string)
  default     = {}

  validation {
    condition = length(setintersection(keys(var.environment), [
      "FANOUT_TABLE", "FANOUT_METRICS", "FANOUT_METRICS_NAMESPACE", "FANOUT_ON_FAILURE", "FANOUT_LEDGER_TABLE", "FANOUT_REPORT_BATCH_ITEM_FAILURES", "FANOUT_TRACING",
    ])) == 0
    error_message = "The module sets FANOUT_TABLE, FANOUT_METRICS, FANOUT_METRICS_NAMESPACE, FANOUT_ON_FAILURE, FANOUT_LEDGER_TABLE, FANOUT_REPORT_BATCH_ITEM_FAILURES and FANOUT_TRACING itself. Use its other inputs."
  }
}

variable "metrics" {
  description = "How the function publishes metrics: cloudwatch, emf or none"
  type        = string
  default     = "cloudwatch"

  validation {
    condition     = contains(["cloudwatch", "emf", "none"], var.metrics)
    error_message = "The metrics are cloudwatch, emf or none."
  }
}

variable "metrics_namespace" {
  description = "Namespace of the metrics"
  type        = string
  default     = "Custom/FanOut"
}

variable "tracing" {
  description = "Trace the function and its targets with X-Ray"
  type        = bool
  default     = false
}

variable "log_retention_in_days" {
  description = "Days that logs are kept; 0 keeps them forever"
  type        = number
  default     = 30
}

# A list, because Terraform knows its length before a topic of the same configuration exists.
variable "alarm_topic_arns" {
  description = "ARNs of SNS topics that CloudWatch alarms write to; []: no alarms"
  type        = list(string)
  default     = []

  validation {
    condition     = !anytrue([for topic in var.alarm_topic_arns : endswith(topic, ".fifo")])
    error_message = "CloudWatch cannot write to a FIFO topic."
  }
}

variable "subnet_ids" {
  description = "Subnets that the function is connected to; with security_group_ids or not at all"
  type        = list(string)
  default     = []

  validation {
    condition     = (length(var.subnet_ids) == 0) == (length(var.security_group_ids) == 0)
    error_message = "The subnet_ids and security_group_ids belong together."
  }
}

variable "security_group_ids" {
  description = "Security groups of the function"
  type        = list(string)
  default     = []
}

variable "statements" {
  description = "More statements for the policy of the role: for targets of types of extensions, for targets that the plan names, and for KMS keys. fanout template --targets prints them"
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))), {})
  }))
  default = []
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null: none"
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources"
  type        = map(string)
  default     = {}
}
