output "statements" {
  description = "Statements of the role's policy"
  value = [for s in local.all : {
    sid       = s.sid
    effect    = try(s.effect, "Allow")
    actions   = s.actions
    resources = sort(distinct(s.resources))
    condition = try(s.condition, {})
  } if length(s.resources) > 0]
}

output "items" {
  description = "Items of the table of targets, by id"
  value       = { for i, t in var.targets : t.id => local.items[i] }
}

output "unsupported" {
  description = "Targets whose rights the module does not know"
  value       = local.unclear
}

output "alarms" {
  description = "Alarms, by key"
  value       = { for key, a in local.alarms : key => merge(a, { name = "${var.name}-${try(a.name, key)}", description = "${local.about}${a.description}" }) }
}
