package template

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"fanout/internal/provision/policy"
	"fanout/lambda"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// extensions of golden files, so that tools know them.
var extensions = map[Format]string{SAM: "sam.yaml", CloudFormation: "cloudformation.yaml", Terraform: "tf"}

// small is the setup that deploy makes from only a name.
func small() Setup {
	return Setup{
		Function: policy.Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout", Metrics: metrics.ModeCloudWatch},
		Memory:   128, Timeout: 30, Architecture: "arm64", Retention: 30,
	}
}

// watched is small with a queue for failures, alarms and a dashboard.
func watched() Setup {
	s := small()
	s.Environment = map[string]string{"FANOUT_ON_FAILURE": "arn:aws:sqs:eu-west-1:123456789012:failures"}
	s.Alarms, s.Dashboard = "arn:aws:sns:eu-west-1:123456789012:oncall", true
	return s
}

func text(s string) target.Value { return target.Value{Kind: target.String, Text: s} }

const (
	clicks = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks.v2"
	orders = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789"
)

// full has every part of a setup.
func full() Setup {
	return Setup{
		Function: policy.Function{
			ARN:            "arn:aws-cn:lambda:cn-north-1:123456789012:function:clicks",
			RoleARN:        "arn:aws-cn:iam::123456789012:role/teams/data/clicks-role",
			TableARN:       "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/clicks-targets",
			LedgerTableARN: "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/clicks-ledger",
			LogGroup:       "/fanout/clicks",
			Metrics:        metrics.ModeCloudWatch,
			Namespace:      "Data/Clicks",
			Tracing:        true,
			Keys:           []policy.Key{{ARN: "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", Service: "kinesis"}},
		},
		Memory: 512, Timeout: 60, Architecture: "x86_64", Retention: 14,
		Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}, SecurityGroups: []string{"sg-0123456789abcdef0"},
		Environment: map[string]string{"FANOUT_LOG_LEVEL": "debug", "FANOUT_IN_FLIGHT": "64"},
		Mappings: []Mapping{
			{Source: "arn:aws-cn:sns:cn-northwest-1:123456789012:news"},
			{Source: "arn:aws-cn:sns:cn-north-1:123456789012:2news.fifo"},
			{
				Source: clicks, BatchSize: 10000, Window: 5, StartingPosition: "AT_TIMESTAMP",
				StartingTime: time.Date(2026, 1, 31, 12, 0, 0, 0, time.FixedZone("", 3600)), ParallelizationFactor: 10, MaximumRetryAttempts: 0,
				MaximumRecordAge: 3600, Bisect: true, OnFailure: "arn:aws-cn:s3:::failed-clicks", Filters: []string{`{"data":{"a":["${.x}"]}}`, `{"partitionKey":["k"]}`},
			},
			{
				Source:    "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks_v2/consumer/fanout:1700000000",
				BatchSize: 100, StartingPosition: "TRIM_HORIZON", MaximumRetryAttempts: -1, MaximumRecordAge: -1, Disabled: true,
			},
			{Source: orders, BatchSize: 1000, StartingPosition: "LATEST", MaximumRetryAttempts: -1, Bisect: true, OnFailure: "arn:aws-cn:sqs:cn-north-1:123456789012:failed"},
		},
		Async: Async{Retries: new(int32), Age: new(int32(3600)), OnFailure: "arn:aws-cn:events:cn-north-1:123456789012:event-bus/failed"},
		Targets: loaded(
			target.Values{
				"sourceArn": text(orders), "id": text("index"), "type": text("es"), "active": {Kind: target.Bool, Text: "true"},
				"destination": text("search-orders-x.cn-north-1.es.amazonaws.com.cn#orders"), "convertDDB": {Kind: target.Bool, Text: "true"},
				"parallel": {Kind: target.Bool, Text: "false"}, "role": {Kind: target.Null}, "comment": text("ignored"), "tags": {Kind: "SS"},
			},
			target.Values{
				"sourceArn": text(clicks), "id": text("topic"), "type": text("iot"), "active": {Kind: target.Bool, Text: "true"},
				"destination": text(`x.iot.cn-north-1.amazonaws.com.cn#a/${.x}/%{y}/"z"\`), "collapse": text("none"),
			},
			target.Values{
				"sourceArn": text(clicks), "id": text("index"), "type": text("sqs"), "active": {Kind: target.Bool, Text: "false"},
				"destination": text("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/clicks"), "batchRecords": {Kind: target.Number, Text: "10"},
				"role": text("arn:aws-cn:iam::210987654321:role/receiver"), "externalId": text("12345678"),
			},
		),
	}
}

// loaded reads targets.
func loaded(all ...target.Values) []target.Loaded {
	var targets []target.Loaded
	for _, v := range all {
		targets = append(targets, lambda.Builtin().Read(v, "a target without a name"))
	}
	return targets
}

func render(t *testing.T, f Format, s Setup) string {
	t.Helper()
	out, err := Render(f, s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestGolden(t *testing.T) {
	for _, f := range Formats {
		golden(t, "small."+extensions[f], render(t, f, small()))
		golden(t, "full."+extensions[f], render(t, f, full()))
		golden(t, "watched."+extensions[f], render(t, f, watched()))
	}
}

// The order of the facts does not matter.
func TestDeterministic(t *testing.T) {
	other := full()
	slices.Reverse(other.Mappings)
	slices.Reverse(other.Targets)
	for _, f := range Formats {
		if diff := cmp.Diff(render(t, f, full()), render(t, f, other)); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
}

// The targets in the metadata are a targets file with the contents of the table.
func TestMetadataIsTargetsFile(t *testing.T) {
	var stack struct {
		Metadata struct {
			Fanout yaml.Node `yaml:"Fanout"`
		} `yaml:"Metadata"`
	}
	if err := yaml.Unmarshal([]byte(render(t, CloudFormation, full())), &stack); err != nil {
		t.Fatal(err)
	}
	data, err := yaml.Marshal(&stack.Metadata.Fanout)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := lambda.Builtin().OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []sinks.Spec
	for _, source := range []string{orders, clicks} {
		set, err := file.Targets(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range set.Targets {
			got = append(got, l.Spec)
		}
	}
	var want []sinks.Spec
	for _, l := range full().Targets {
		want = append(want, l.Spec)
	}
	sorted := cmpopts.SortSlices(func(a, b sinks.Spec) bool { return a.SourceARN+a.ID < b.SourceARN+b.ID })
	if diff := cmp.Diff(want, got, sorted, cmpopts.EquateComparable(sinks.Spec{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		change func(*Setup)
		want   string
	}{
		{func(s *Setup) { s.Subnets = []string{"subnet-1"} }, "subnets and security groups belong together"},
		{func(s *Setup) { s.SecurityGroups = []string{"sg-1"} }, "subnets and security groups belong together"},
		{func(s *Setup) { s.Function.ARN = "fanout" }, `the function's ARN is "fanout"`},
		{func(s *Setup) { s.Function.ARN = "arn:aws:sqs:eu-west-1:123456789012:x" }, "the function's ARN is"},
		{func(s *Setup) { s.Alarms = "oncall" }, `the topic for alarms is "oncall"`},
		{func(s *Setup) { s.Alarms = "arn:aws:sns:us-east-1:123456789012:oncall" }, "is not in eu-west-1, the region of the function"},
		{func(s *Setup) { s.Mappings = []Mapping{{Source: "x"}} }, `the source is "x"`},
		{func(s *Setup) { s.Targets = loaded(target.Values{"id": text("a")}, nil) }, `target "a": type: is missing`},
		{func(s *Setup) { s.Targets = loaded(target.Values{"id": text("a")}, nil) }, `target "a target without a name": id: is missing`},
	} {
		s := small()
		tt.change(&s)
		if _, err := Render(SAM, s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	if _, err := Render("pulumi", small()); err == nil || !strings.Contains(err.Error(), `"pulumi" is unknown; write sam`) {
		t.Errorf("got %v", err)
	}
	var long []target.Values
	for i := range 300 {
		long = append(long, target.Values{
			"sourceArn": text("arn:aws:sns:eu-west-1:123456789012:t"), "id": text(fmt.Sprint(i)), "type": text("kinesis"),
			"destination": text(fmt.Sprint("stream-", i)), "active": {Kind: target.Bool, Text: "true"},
		})
	}
	s := small()
	s.Targets = loaded(long...)
	if _, err := Render(SAM, s); !errors.Is(err, policy.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range Formats {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("%s: %s, %v", f, got, err)
		}
	}
}

func TestNames(t *testing.T) {
	n := make(names)
	for _, tt := range [][3]string{
		{"clicks", "clicks", "Clicks"}, {"Clicks", "clicks_2", "Clicks2"}, {"clicks-2", "clicks_2_2", "Clicks22"},
		{"a.b_c", "a_b_c", "ABC"}, {"abc", "abc", "Abc"}, {"1st", "n1st", "N1st"}, {"", "n", "N"}, {"ü", "n_2", "N2"},
	} {
		if name := n.unique(tt[0]); name != tt[1] || logical(name) != tt[2] {
			t.Errorf("%s: %s, %s", tt[0], name, logical(name))
		}
	}
}

func ExampleRender() {
	out, err := Render(Terraform, Setup{
		Function: policy.Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout", Metrics: metrics.ModeCloudWatch},
		Memory:   128, Timeout: 30, Architecture: "arm64", Retention: 30,
		Mappings: []Mapping{{Source: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", StartingPosition: "LATEST", MaximumRetryAttempts: -1, Bisect: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, mapping, _ := strings.Cut(string(out), `resource "aws_lambda_event_source_mapping" `)
	mapping, _, _ = strings.Cut(mapping, "\n\n")
	fmt.Println(mapping)
	// Output:
	// "clicks" {
	//   event_source_arn               = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	//   function_name                  = aws_lambda_function.fanout.arn
	//   enabled                        = true
	//   starting_position              = "LATEST"
	//   maximum_retry_attempts         = -1
	//   bisect_batch_on_function_error = true
	//   function_response_types        = ["ReportBatchItemFailures"]
	// }
}

// The role has the right to send to the queue for failures, which no target names.
func TestFailuresQueue(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:failures"
	for _, format := range Formats {
		s := small()
		without, err := Render(format, s)
		if err != nil || strings.Contains(string(without), queue) {
			t.Fatalf("%s: %v\n%s", format, err, without)
		}
		l := lambda.Builtin().FailuresQueue("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", queue)
		s.Failures = &l.Spec
		with, err := Render(format, s)
		if err != nil || !strings.Contains(string(with), queue) || !strings.Contains(string(with), "sqs:SendMessage") || strings.Contains(string(with), "(failures)") {
			t.Errorf("%s: %v\n%s", format, err, with)
		}
	}
}
