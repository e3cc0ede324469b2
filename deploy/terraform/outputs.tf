output "function_arn" {
  description = "ARN of the function"
  value       = aws_lambda_function.fanout.arn
}

output "function_name" {
  description = "Name of the function, for fanout doctor and fanout list"
  value       = aws_lambda_function.fanout.function_name
}

output "role_arn" {
  description = "ARN of the function's role, for the trust policy of roles in other accounts"
  value       = aws_iam_role.fanout.arn
}

output "table_name" {
  description = "Name of the table of targets"
  value       = aws_dynamodb_table.targets.name
}

output "failures_queue_arn" {
  description = "ARN of the queue for failures, for fanout redrive; null: none"
  value       = local.queue_arn
}

output "log_group_name" {
  description = "Name of the function's log group"
  value       = aws_cloudwatch_log_group.fanout.name
}
