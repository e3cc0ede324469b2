package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fanout/internal/awsname"
	"fanout/internal/provision/policy"
	"fanout/lambda/target"
)

// terraform returns a configuration for the provider hashicorp/aws. The provider's
// documentation has the names of resources and arguments.
func (p *plan) terraform() []byte {
	blocks := []*block{
		p.requirements(), p.provider(), p.packageVariable(),
		documentData("trust", policy.Trust()), p.roleResource(),
		documentData("function", p.policy), p.rolePolicy(),
		p.tableResource(), p.logResource(), p.functionResource(),
	}
	for i := range p.streams {
		blocks = append(blocks, p.streams[i].mappingResource())
	}
	for i := range p.topics {
		blocks = append(blocks, p.topics[i].permissionResource(), p.subscriptionResource(&p.topics[i]))
	}
	if p.Async.set() {
		blocks = append(blocks, p.asyncResource())
	}
	blocks = append(blocks, p.watchBlocks()...)
	taken := make(names)
	for i := range p.Targets {
		blocks = append(blocks, itemResource(taken.unique(p.Targets[i].ID), p.Targets[i].Attributes))
	}
	out := &block{head: `output "function_arn"`}
	blocks = append(blocks, out.text("description", "ARN of the function").set("value", "aws_lambda_function.fanout.arn"))

	var b strings.Builder
	fmt.Fprintf(&b, "# fanout function %s: takes batches of records and delivers them to its targets.\n", p.name)
	for _, block := range blocks {
		b.WriteString("\n" + strings.Join(block.all(), "\n") + "\n")
	}
	return []byte(b.String())
}

func made(kind, name string) *block {
	return &block{head: fmt.Sprintf("resource %q %q", kind, name)}
}

func (p *plan) requirements() *block {
	b := &block{head: "terraform"}
	aws := new(block)
	aws.text("source", "hashicorp/aws").text("version", ">= 6.0") // the first version with a region for each resource
	b.nest("required_providers").set("aws", aws.asObject("", ""))
	return b
}

// provider sets the region, which the ARNs of the policy contain too.
func (p *plan) provider() *block {
	return (&block{head: `provider "aws"`}).text("region", p.self.Region)
}

func (p *plan) packageVariable() *block {
	return (&block{head: `variable "package"`}).
		text("description", "Path of the packaged function, such as "+p.zip()).set("type", "string")
}

// documentData returns a policy as a data source.
func documentData(name string, d policy.Document) *block {
	b := &block{head: fmt.Sprintf("data %q %q", "aws_iam_policy_document", name)}
	for _, s := range d.Statement {
		inner := b.nest("statement").text("sid", s.Sid).text("effect", s.Effect).set("actions", list(s.Action))
		if len(s.Resource) > 0 {
			inner.set("resources", list(s.Resource))
		}
		for _, kind := range slices.Sorted(maps.Keys(s.Principal)) {
			inner.nest("principals").text("type", kind).set("identifiers", list(s.Principal[kind]))
		}
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				inner.nest("condition").text("test", operator).text("variable", key).set("values", list(s.Condition[operator][key]))
			}
		}
	}
	return b
}

func (p *plan) roleResource() *block {
	b := made("aws_iam_role", "fanout").text("name", p.role)
	if p.rolePath != "" {
		b.text("path", p.rolePath)
	}
	return b.set("assume_role_policy", "data.aws_iam_policy_document.trust.json")
}

func (p *plan) rolePolicy() *block {
	return made("aws_iam_role_policy", "fanout").text("name", "fanout").
		set("role", "aws_iam_role.fanout.id").set("policy", "data.aws_iam_policy_document.function.json")
}

func (p *plan) tableResource() *block {
	b := made("aws_dynamodb_table", "targets").text("name", p.table).text("billing_mode", "PAY_PER_REQUEST").
		text("hash_key", "sourceArn").text("range_key", "id")
	b.nest("attribute").text("name", "sourceArn").text("type", "S")
	b.nest("attribute").text("name", "id").text("type", "S")
	b.nest("point_in_time_recovery").set("enabled", "true")
	b.nest("server_side_encryption").set("enabled", "true")
	return b
}

func (p *plan) logResource() *block {
	b := made("aws_cloudwatch_log_group", "fanout").text("name", p.logGroup)
	if p.Retention > 0 {
		b.number("retention_in_days", p.Retention)
	}
	return b
}

func (p *plan) functionResource() *block {
	b := made("aws_lambda_function", "fanout").
		text("function_name", p.name).set("role", "aws_iam_role.fanout.arn").
		text("runtime", "provided.al2023").text("handler", "bootstrap").set("architectures", list([]string{p.Architecture})).
		number("memory_size", p.Memory).number("timeout", p.Timeout).
		set("filename", "var.package").set("source_code_hash", "filebase64sha256(var.package)").
		set("depends_on", exprs([]string{"aws_iam_role_policy.fanout"}))
	variables := new(block)
	for _, v := range p.environment {
		variables.text(v.name, v.value)
	}
	b.nest("environment").set("variables", variables.asObject("", ""))
	if p.Function.VPC {
		b.nest("vpc_config").set("subnet_ids", list(p.Subnets)).set("security_group_ids", list(p.SecurityGroups))
	}
	if p.Function.Tracing {
		b.nest("tracing_config").text("mode", "Active")
	}
	// The function's logs are JSON already; Lambda's format would wrap them.
	b.nest("logging_config").text("log_format", "Text").set("log_group", "aws_cloudwatch_log_group.fanout.name")
	return b
}

func (h *hook) mappingResource() *block {
	b := made("aws_lambda_event_source_mapping", h.name)
	if source := h.source(); source != "" {
		b.text("event_source_arn", source)
	}
	b.set("function_name", "aws_lambda_function.fanout.arn").set("enabled", fmt.Sprint(!h.Disabled))
	if h.StartingPosition != "" {
		b.text("starting_position", h.StartingPosition)
	}
	if !h.StartingTime.IsZero() {
		b.text("starting_position_timestamp", h.StartingTime.UTC().Format(time.RFC3339))
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"batch_size", h.BatchSize}, {"maximum_batching_window_in_seconds", h.Window},
		{"parallelization_factor", h.ParallelizationFactor}, {"maximum_record_age_in_seconds", h.MaximumRecordAge},
	} {
		if n.value != 0 {
			b.number(n.name, n.value)
		}
	}
	if h.retries() {
		b.number("maximum_retry_attempts", h.MaximumRetryAttempts).set("bisect_batch_on_function_error", fmt.Sprint(h.Bisect))
	}
	if h.reports() {
		b.set("function_response_types", list([]string{"ReportBatchItemFailures"}))
	}
	if h.service == awsname.Kafka {
		h.kafkaArguments(b)
	}
	if h.MaximumConcurrency > 0 {
		b.nest("scaling_config").number("maximum_concurrency", h.MaximumConcurrency)
	}
	if h.OnFailure != "" {
		b.nest("destination_config").nest("on_failure").text("destination_arn", h.OnFailure)
	}
	if len(h.Filters) > 0 {
		criteria := b.nest("filter_criteria")
		for _, pattern := range h.Filters {
			criteria.nest("filter").text("pattern", pattern)
		}
	}
	return b
}

func (p *plan) asyncResource() *block {
	b := made("aws_lambda_function_event_invoke_config", "fanout").set("function_name", "aws_lambda_function.fanout.function_name")
	if p.Async.Retries != nil {
		b.number("maximum_retry_attempts", int(*p.Async.Retries))
	}
	if p.Async.Age != nil {
		b.number("maximum_event_age_in_seconds", int(*p.Async.Age))
	}
	if p.Async.OnFailure != "" {
		b.nest("destination_config").nest("on_failure").text("destination", p.Async.OnFailure)
	}
	return b
}

func (h *hook) permissionResource() *block {
	return made("aws_lambda_permission", h.name).
		text("action", "lambda:InvokeFunction").set("function_name", "aws_lambda_function.fanout.function_name").
		text("principal", "sns.amazonaws.com").text("source_arn", h.Source)
}

func (p *plan) subscriptionResource(h *hook) *block {
	b := made("aws_sns_topic_subscription", h.name).
		text("topic_arn", h.Source).text("protocol", "lambda").set("endpoint", "aws_lambda_function.fanout.arn").
		set("depends_on", exprs([]string{"aws_lambda_permission." + h.name}))
	if region := p.regionElsewhere(h); region != "" {
		b.text("region", region)
	}
	return b
}

// itemResource returns a target as an item in DynamoDB's JSON.
func itemResource(name string, values target.Values) *block {
	item := new(block)
	for _, attribute := range attributeNames(values) {
		v := values[attribute]
		text := str(v.Text)
		if v.Kind == target.Bool {
			text = v.Text
		}
		item.set(attribute, fmt.Sprintf("{ %s = %s }", string(v.Kind), text))
	}
	return made("aws_dynamodb_table_item", name).
		set("table_name", "aws_dynamodb_table.targets.name").
		set("hash_key", "aws_dynamodb_table.targets.hash_key").set("range_key", "aws_dynamodb_table.targets.range_key").
		set("item", item.asObject("jsonencode(", ")"))
}
