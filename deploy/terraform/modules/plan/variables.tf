variable "name" { type = string }
variable "partition" { type = string }
variable "region" { type = string }
variable "account" { type = string }
variable "table" { type = string }
variable "ledger" { type = string }
variable "log_group" { type = string }
variable "targets" { type = any }
variable "streams" { type = map(object({ arn = string, on_failure_arn = optional(string) })) }
variable "queues" { type = map(object({ arn = string, alarm = bool })) }
variable "async_failure_arn" { type = string }
variable "failures_queue_arn" { type = string }
variable "queue_alarm" { type = bool }
variable "vpc" { type = bool }
variable "tracing" { type = bool }
variable "metrics" { type = string }
variable "metrics_namespace" { type = string }
