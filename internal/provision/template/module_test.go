package template

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"fanout/internal/provision/alarms"
	"fanout/internal/provision/policy"
	"fanout/lambda"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

const modules = "../../../deploy/terraform"

// moduleTargets have every type of target whose rights the Terraform module knows.
const moduleTargets = `targets:
- {sourceArn: &s "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", id: queue, type: sqs, destination: "arn:aws:sqs:eu-west-1:123456789012:q.fifo", active: true, collapse: none, batchRecords: 5, filter: {data: {total: [{numeric: [">=", 50]}], name: ["${x} <&>"]}}}
- {sourceArn: *s, id: url, type: sqs, destination: "https://sqs.us-east-1.amazonaws.com/210987654321/q", active: false, maxAge: 1h, onFailure: queue}
- {sourceArn: *s, id: topic, type: sns, destination: "arn:aws:sns:eu-west-1:123456789012:t", active: true, attributes: {kind: "${.type}"}}
- {sourceArn: *s, id: stream, type: kinesis, destination: replica, region: us-east-1, active: true, aggregate: true}
- {sourceArn: *s, id: far, type: kinesis, destination: "arn:aws:kinesis:eu-west-1:210987654321:stream/far", active: true, role: "arn:aws:iam::210987654321:role/receiver"}
- {sourceArn: *s, id: lake, type: firehose, destination: lake, active: true, appendNewlines: true}
- {sourceArn: *s, id: function, type: lambda, destination: "worker:live", active: true, subject: null}
- {sourceArn: *s, id: cache, type: redis, destination: "rediss://cache:6379", active: true, role: "arn:aws:iam::210987654321:role/unused", secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cache"}
- {sourceArn: *s, id: store, type: memcached, destination: "cache:11211", active: true, secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:store-AbCdEf"}
- {sourceArn: *s, id: bus, type: eventbridge, destination: orders, active: true}
- {sourceArn: *s, id: far-bus, type: eventbridge, destination: "arn:aws:events:us-east-1:210987654321:event-bus/orders", active: true}
- {sourceArn: *s, id: machine, type: stepfunctions, destination: "arn:aws:states:eu-west-1:123456789012:stateMachine:order:live", active: true}
- {sourceArn: *s, id: table, type: dynamodb, destination: orders-copy, region: us-east-1, active: true, key: .id}
- {sourceArn: "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789", id: copy, type: dynamodb, destination: "arn:aws:dynamodb:us-east-1:123456789012:table/t", active: true}
- {sourceArn: "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789", id: copy-deletes, type: dynamodb, destination: deletes, active: true, tombstone: none}
- {sourceArn: *s, id: bucket, type: s3, destination: "s3://lake", active: true}
- {sourceArn: *s, id: lake-days, type: s3, destination: "s3://lake/a?/day=${year}-${month}", active: true}
- {sourceArn: *s, id: hook, type: http, destination: "https://hooks.example.com/orders", active: true, role: "arn:aws:iam::210987654321:role/unused", auth: bearer, secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook"}
- {sourceArn: *s, id: api, type: http, destination: "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders/new?x=1", active: true, auth: sigv4}
- {sourceArn: *s, id: default-stage, type: http, destination: "https://abc124.execute-api.eu-west-1.amazonaws.com", active: true, auth: sigv4}
- {sourceArn: *s, id: domain-name, type: http, destination: "https://api.example.com/orders", active: true, auth: sigv4, region: us-west-2}
- {sourceArn: *s, id: function-url, type: http, destination: "https://abcdefgh.lambda-url.eu-west-1.on.aws/", active: true, auth: sigv4}
- {sourceArn: *s, id: thing, type: iot, destination: "abc-ats.iot.us-east-1.amazonaws.com#orders/new", active: true}
- {sourceArn: *s, id: things, type: iot, destination: "abc-ats.iot.eu-west-1.amazonaws.com#orders/${.id}/${.shop.id}", active: true}
- {sourceArn: *s, id: index, type: es, destination: "search-my-orders-abc123.us-east-1.es.amazonaws.com#orders", active: true}
- {sourceArn: *s, id: index-type, type: es, destination: "https://vpc-orders-abc123.eu-west-1.es.amazonaws.com#orders/_doc", active: true}
- {sourceArn: *s, id: indexes, type: es, destination: "search-places-abc123.eu-west-1.es.amazonaws.com#orders-${.type}", active: true}
- {sourceArn: *s, id: dualstack, type: es, destination: "search-dual-abc123.aos.eu-west-1.on.aws#orders", active: true}
- {sourceArn: *s, id: collection, type: es, destination: "abc123.eu-west-1.aoss.amazonaws.com#orders", active: true}
- {sourceArn: *s, id: own-cluster, type: es, destination: "https://search.example.com:9200#orders", active: true}
- {sourceArn: *s, id: password, type: es, destination: "https://u:p@search-orders-abc123.eu-west-1.es.amazonaws.com#orders", active: true}
`

// moduleInputs are the inputs of the module plan.
func moduleInputs(t *testing.T) map[string]any {
	t.Helper()
	var file struct{ Targets []map[string]any }
	if err := yaml.Unmarshal([]byte(moduleTargets), &file); err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"name": "orders", "partition": "aws", "region": "eu-west-1", "account": "123456789012",
		"table": "ordersTargets", "ledger": "ordersLedger", "log_group": "/aws/lambda/orders", "targets": file.Targets,
		"streams": map[string]any{
			"consumer": map[string]any{"arn": "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/fanout:1700000000", "on_failure_arn": "arn:aws:s3:::failed"},
			"orders":   map[string]any{"arn": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "on_failure_arn": "arn:aws:sqs:eu-west-1:123456789012:failed"},
			"table":    map[string]any{"arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789"},
		},
		"queues": map[string]any{
			"jobs.fifo": map[string]any{"arn": "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "alarm": true},
			"theirs":    map[string]any{"arn": "arn:aws:sqs:eu-west-1:210987654321:theirs", "alarm": false},
		},
		"async_failure_arn":  "arn:aws:events:eu-west-1:123456789012:event-bus/failed",
		"failures_queue_arn": "arn:aws:sqs:eu-west-1:123456789012:ordersFailures", "queue_alarm": true, "vpc": true, "tracing": true, "metrics": "cloudwatch", "metrics_namespace": "Custom/FanOut",
	}
}

type moduleStatement struct {
	Sid, Effect        string
	Actions, Resources []string
	Condition          map[string]map[string][]string
}

type moduleAlarm struct {
	Name, Description            string
	Namespace, Metric, Statistic string
	Dimensions                   map[string]string
	Query                        string
	Threshold, Periods           int
}

// modulePlan has the outputs of the module plan.
type modulePlan struct {
	Statements  struct{ Value []moduleStatement }
	Items       struct{ Value map[string]string }
	Alarms      struct{ Value map[string]moduleAlarm }
	Unsupported struct{ Value []any }
}

// terraform returns the path of Terraform or OpenTofu.
func terraform(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no terraform and no tofu")
	return ""
}

// environ is the environment of Terraform, which is to call nobody.
func environ() []string {
	return append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=/dev/null", "TF_IN_AUTOMATION=1")
}

// applyPlan runs Terraform on the module plan, which needs no provider.
func applyPlan(t *testing.T, inputs map[string]any) (p modulePlan) {
	t.Helper()
	path, dir := terraform(t), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(modules, "modules", "plan"))); err != nil {
		t.Fatal(err)
	}
	values, err := json.Marshal(inputs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "terraform.tfvars.json"), values, 0o600); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, args := range [][]string{{"init", "-input=false"}, {"apply", "-auto-approve", "-input=false"}, {"output", "-json"}} {
		cmd := exec.Command(path, args...)
		cmd.Dir = dir
		cmd.Env = environ()
		if out, err = cmd.Output(); err != nil {
			t.Fatalf("terraform %s: %v\n%s%s", args[0], err, out, stderrOf(err))
		}
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func stderrOf(err error) []byte {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.Stderr
	}
	return nil
}

// The Terraform module gives the role the rights, the table the items, and CloudWatch the
// alarms that fanout template and deploy do.
func TestModulePlan(t *testing.T) {
	got := applyPlan(t, moduleInputs(t))
	path := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(path, []byte(moduleTargets), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := lambda.Builtin().OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []target.Loaded
	for _, source := range []string{"arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789"} {
		set, err := file.Targets(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, set.Targets...)
	}
	specs := []sinks.Spec{lambda.Builtin().FailuresQueue("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "arn:aws:sqs:eu-west-1:123456789012:ordersFailures").Spec}
	items := make(map[string]any)
	for _, l := range all {
		if err := l.Err(); err != nil {
			t.Fatal(err)
		}
		specs = append(specs, l.Spec)
		item := make(map[string]any)
		for _, name := range attributeNames(l.Attributes) {
			v := l.Attributes[name]
			item[name] = map[string]any{string(v.Kind): plainJSON(v.Text)}
		}
		items[l.ID] = item
	}
	if diff := cmp.Diff(items, parsedItems(t, got.Items.Value)); diff != "" {
		t.Errorf("items (-deploy +module):\n%s", diff)
	}
	if diff := cmp.Diff(moduleRights(t, specs), got.Statements.Value, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("rights (-deploy +module):\n%s", diff)
	}
	if diff := cmp.Diff(moduleAlarms(t), got.Alarms.Value, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("alarms (-deploy +module):\n%s", diff)
	}
	if len(got.Unsupported.Value) > 0 {
		t.Errorf("the module does not know the rights of %v", got.Unsupported.Value)
	}
}

// moduleRights are the statements that deploy gives the role for the inputs of the module.
func moduleRights(t *testing.T, specs []sinks.Spec) []moduleStatement {
	t.Helper()
	f := policy.Function{
		ARN:      "arn:aws:lambda:eu-west-1:123456789012:function:orders",
		TableARN: "arn:aws:dynamodb:eu-west-1:123456789012:table/ordersTargets", LedgerTableARN: "arn:aws:dynamodb:eu-west-1:123456789012:table/ordersLedger",
		VPC: true, Tracing: true, Metrics: metrics.ModeCloudWatch, OnFailure: "arn:aws:events:eu-west-1:123456789012:event-bus/failed",
	}
	d, err := f.Policy(specs, []policy.Source{
		{ARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/fanout:1700000000", OnFailure: "arn:aws:s3:::failed"},
		{ARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", OnFailure: "arn:aws:sqs:eu-west-1:123456789012:failed"},
		{ARN: "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789"},
		{ARN: "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo"}, {ARN: "arn:aws:sqs:eu-west-1:210987654321:theirs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []moduleStatement
	for _, s := range d.Statement {
		m := moduleStatement{Sid: s.Sid, Effect: s.Effect, Actions: s.Action, Resources: slices.Sorted(slices.Values(s.Resource)), Condition: make(map[string]map[string][]string)}
		for operator, c := range s.Condition {
			m.Condition[operator] = make(map[string][]string)
			for key, values := range c {
				m.Condition[operator][key] = values
			}
		}
		all = append(all, m)
	}
	return all
}

// moduleAlarms are the alarms that deploy makes for the inputs of the module.
func moduleAlarms(t *testing.T) map[string]moduleAlarm {
	t.Helper()
	self, err := arn.Parse("arn:aws:lambda:eu-west-1:123456789012:function:orders")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]moduleAlarm)
	for _, a := range alarms.Of(&alarms.Function{
		ARN: self, Name: "orders", Metrics: metrics.ModeCloudWatch, Queue: "arn:aws:sqs:eu-west-1:123456789012:ordersFailures",
		Sources: []string{"arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "arn:aws:sqs:eu-west-1:210987654321:theirs"},
	}) {
		m := moduleAlarm{a.Name, a.Description, a.Namespace, a.Metric, a.Statistic, nil, a.Query, a.Threshold, a.Periods}
		if a.Dimension != "" {
			m.Dimensions = map[string]string{a.Dimension: a.Value}
		}
		all[a.Key] = m
	}
	return all
}

// plainJSON returns what a text of JSON means, because escapes may differ, or else the text.
func plainJSON(text string) any {
	var v any
	if len(text) == 0 || text[0] != '{' || json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// parsedItems returns items in DynamoDB's JSON.
func parsedItems(t *testing.T, all map[string]string) map[string]any {
	t.Helper()
	items := make(map[string]any)
	for id, text := range all {
		var item map[string]map[string]any
		if err := json.Unmarshal([]byte(text), &item); err != nil {
			t.Fatalf("%s: %v\n%s", id, err, text)
		}
		plain := make(map[string]any)
		for name, typed := range item {
			for kind, v := range typed {
				text, ok := v.(string)
				if !ok {
					text = map[bool]string{true: "true", false: "false"}[v == true]
				}
				plain[name] = map[string]any{kind: plainJSON(text)}
			}
		}
		items[id] = plain
	}
	return items
}

// The module names the targets whose rights it does not know.
func TestModuleNamesUnknownRights(t *testing.T) {
	inputs := moduleInputs(t)
	inputs["targets"] = []map[string]any{
		{"sourceArn": "s", "id": "pigeon", "type": "pigeon", "destination": "h", "active": true},
		{"sourceArn": "s", "id": "far", "type": "pigeon", "destination": "h", "active": true, "role": "arn:aws:iam::210987654321:role/r"},
		{"sourceArn": "s", "id": "queue", "type": "sqs", "destination": "https://queue.example/1/q", "active": true},
		{"sourceArn": "s", "id": "topic", "type": "iot", "destination": "abc-ats.iot.eu-west-1.amazonaws.com#a/${.b | {c: 1}}", "active": true},
		{"sourceArn": "s", "id": "days", "type": "es", "destination": "search-orders-abc.eu-west-1.es.amazonaws.com#<logs-{now/d}>", "active": true},
		{"sourceArn": "s", "id": "custom", "type": "es", "destination": "search.example.com#orders", "active": true, "region": "eu-west-1"},
	}
	const index, topic = "index whose name or endpoint the module does not understand", "topic whose places or endpoint the module does not understand"
	want := []any{
		map[string]any{"id": "pigeon", "type": "pigeon"},
		map[string]any{"id": "queue", "type": "queue that is neither an ARN nor a URL of AWS"},
		map[string]any{"id": "topic", "type": topic},
		map[string]any{"id": "days", "type": index},
		map[string]any{"id": "custom", "type": index},
	}
	if diff := cmp.Diff(want, applyPlan(t, inputs).Unsupported.Value); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A function without anything else needs two rights and has four alarms.
func TestModuleOfNothing(t *testing.T) {
	inputs := moduleInputs(t)
	maps.Copy(inputs, map[string]any{
		"targets": []any{}, "streams": map[string]any{}, "queues": map[string]any{}, "ledger": nil, "async_failure_arn": nil, "failures_queue_arn": nil, "queue_alarm": false, "vpc": false, "tracing": false, "metrics": "none",
	})
	got := applyPlan(t, inputs)
	var sids []string
	for _, s := range got.Statements.Value {
		sids = append(sids, s.Sid)
	}
	if diff := cmp.Diff([]string{"WriteLogs", "ReadTargets"}, sids); diff != "" {
		t.Errorf("rights: %s", diff)
	}
	if diff := cmp.Diff([]string{"errors", "late", "lost", "throttles"}, slices.Sorted(maps.Keys(got.Alarms.Value))); diff != "" {
		t.Errorf("alarms: %s", diff)
	}
}

// Streams, queues and roles may be new: Terraform knows their ARNs only after it has planned.
func TestModuleOfNewResources(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "plan"), os.DirFS(filepath.Join(modules, "modules", "plan"))); err != nil {
		t.Fatal(err)
	}
	const configuration = `
resource "terraform_data" "new" {}

module "plan" {
  source             = "./plan"
  name               = "orders"
  partition          = "aws"
  region             = "eu-west-1"
  account            = "123456789012"
  table              = "ordersTargets"
  ledger             = null
  log_group          = "/aws/lambda/orders"
  streams            = { orders = { arn = terraform_data.new.id, on_failure_arn = terraform_data.new.id } }
  queues             = { jobs = { arn = terraform_data.new.id, alarm = true } }
  async_failure_arn  = terraform_data.new.id
  failures_queue_arn = terraform_data.new.id
  queue_alarm        = true
  vpc                = false
  tracing            = false
  metrics            = "emf"
  metrics_namespace  = "Custom/FanOut"

  targets = [{
    sourceArn = terraform_data.new.id, id = "queue", type = "sqs", destination = terraform_data.new.id, role = terraform_data.new.id,
    active    = true, filter = { data = { total = [1] } }
  }]
}

resource "terraform_data" "made" {
  for_each = merge(module.plan.items, module.plan.alarms)
  input    = each.key
}

resource "terraform_data" "policy" {
  input = jsonencode([module.plan.statements, module.plan.unsupported])
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-input=false"}, {"plan", "-input=false", "-no-color"}} {
		cmd := exec.Command(terraform(t), args...)
		cmd.Dir, cmd.Env = dir, environ()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// The module refuses inputs that AWS would refuse, and names the fault.
func TestModuleValidation(t *testing.T) {
	path := terraform(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "variables.tf"), moduleFile(t, "variables.tf"), 0o600); err != nil {
		t.Fatal(err)
	}
	const target = `{"sourceArn":"s","id":"a","type":"sqs","destination":"d","active":true}`
	for inputs, want := range map[string][]string{
		`{"package":"p.zip","targets":[` + target + `],"streams":{"s":{"arn":"a"}},"queues":{"q":{"arn":"a"}}}`: nil,
		`{"package":"p.zip","targets":[` + target + `,` + target + `]}`:                                         {"Two targets have the same id"},
		`{"package":"p.zip","targets":[{"id":"a"}],"name":"a b","architecture":"amd64","memory_size":64,"timeout":901,"metrics":"cloud",
		"environment":{"FANOUT_TABLE":"t"},"subnet_ids":["subnet-1"],"alarm_topic_arns":["arn:aws:sns:eu-west-1:123456789012:a.fifo"],"failures_queue_arn":"q",
		"streams":{"a":{"arn":"a","batch_size":0},"b":{"arn":"a","starting_position":"AT_TIMESTAMP"},
		"c":{"arn":"a","maximum_record_age_in_seconds":5},"d":{"arn":"a","starting_position":"NOW"}},
		"queues":{"a":{"arn":"a","batch_size":0},"b":{"arn":"a","batch_size":11},"c":{"arn":"a","maximum_concurrency":1}}}`: {
			"Every target has sourceArn", "The name has 1 to 50 letters", "The architecture is arm64 or x86_64", "The memory is 128 to 10240 MB",
			"The timeout is 1 to 900 seconds", "The metrics are cloudwatch, emf or none", "The module sets FANOUT_TABLE", "security_group_ids belong together",
			"CloudWatch cannot write to a FIFO topic", "Add failures_queue = false", "The batch_size is 1 to 10000", "AT_TIMESTAMP and starting_position_timestamp",
			"maximum_record_age_in_seconds -1 or 60", "The starting_position is LATEST", "The batch_size of a queue is 1 to 10000",
			"Batches of more than 10 messages need", "The maximum_concurrency is 2 to 1000",
		},
	} {
		if err := os.WriteFile(filepath.Join(dir, "terraform.tfvars.json"), []byte(inputs), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "plan", "-input=false", "-no-color")
		cmd.Dir, cmd.Env = dir, environ()
		out, err := cmd.CombinedOutput()
		text := strings.Join(strings.Fields(strings.ReplaceAll(string(out), "│", " ")), " ")
		if (err == nil) != (want == nil) {
			t.Errorf("%s: %v\n%s", inputs, err, text)
		}
		for _, fault := range want {
			if !strings.Contains(text, fault) {
				t.Errorf("%s is not in %s", fault, text)
			}
		}
	}
}
