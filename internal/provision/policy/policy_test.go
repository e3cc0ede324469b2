package policy

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// partitions are the partitions of every golden file, with a region and the domain of
// their endpoints.
var partitions = []struct{ name, region, domain string }{
	{"aws", "eu-west-1", "amazonaws.com"},
	{"aws-cn", "cn-north-1", "amazonaws.com.cn"},
	{"aws-us-gov", "us-gov-west-1", "amazonaws.com"},
}

// in fills in the partition, region and domain of a text.
func in(p struct{ name, region, domain string }, text string) string {
	return strings.NewReplacer("PARTITION", p.name, "REGION", p.region, "DOMAIN", p.domain).Replace(text)
}

// spec returns the target of attributes, given as name and value.
func spec(t testing.TB, attributes ...string) sinks.Spec {
	t.Helper()
	attrs := map[string]target.Value{
		"sourceArn": {Kind: target.String, Text: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"},
		"active":    {Kind: target.Bool, Text: "true"},
	}
	for i := 0; i < len(attributes); i += 2 {
		attrs[attributes[i]] = target.Value{Kind: target.String, Text: attributes[i+1]}
	}
	if _, ok := attrs["id"]; !ok {
		attrs["id"] = target.Value{Kind: target.String, Text: "a"}
	}
	l := lambda.Builtin().Read(attrs, "")
	if len(l.Faults) > 0 {
		t.Fatal(l.Faults)
	}
	return l.Spec
}

// bare is a function that needs only its log.
func bare() Function {
	return Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout", RoleARN: "arn:aws:iam::123456789012:role/fanoutRole"}
}

// full is a function that needs every right.
func full(p struct{ name, region, domain string }) Function {
	return Function{
		ARN:            in(p, "arn:PARTITION:lambda:REGION:123456789012:function:fanout"),
		RoleARN:        in(p, "arn:PARTITION:iam::123456789012:role/fanoutRole"),
		TableARN:       in(p, "arn:PARTITION:dynamodb:REGION:123456789012:table/fanoutTargets"),
		LedgerTableARN: in(p, "arn:PARTITION:dynamodb:REGION:123456789012:table/fanoutLedger"),
		VPC:            true,
		Tracing:        true,
		Metrics:        metrics.ModeCloudWatch,
		Keys: []Key{
			{ARN: in(p, "arn:PARTITION:kms:REGION:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"), Service: "sqs", Writes: true},
			{ARN: in(p, "arn:PARTITION:kms:REGION:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"), Service: "kinesis"},
			{ARN: in(p, "arn:PARTITION:kms:REGION:123456789012:key/2234abcd-12ab-34cd-56ef-1234567890ab"), Service: "kinesis", Writes: true},
			{ARN: in(p, "arn:PARTITION:kms:REGION:210987654321:key/3234abcd-12ab-34cd-56ef-1234567890ab"), Service: "sns", Writes: true,
				Role: in(p, "arn:PARTITION:iam::210987654321:role/teams/receiver")},
		},
	}
}

// everyTarget has each type, with each form of destination, and roles.
func everyTarget(t testing.TB, p struct{ name, region, domain string }) []sinks.Spec {
	t.Helper()
	var all []sinks.Spec
	for i, attributes := range [][]string{
		{"type", "kinesis", "destination", "by-name"},
		{"type", "kinesis", "destination", "arn:PARTITION:kinesis:REGION:210987654321:stream/by-arn"},
		{"type", "kinesis", "destination", "elsewhere", "region", "sa-east-1"},
		{"type", "firehose", "destination", "by-name"},
		{"type", "firehose", "destination", "arn:PARTITION:firehose:REGION:123456789012:deliverystream/by-arn"},
		{"type", "sqs", "destination", "https://sqs.REGION.DOMAIN/123456789012/by-url"},
		{"type", "sqs", "destination", "https://sqs.REGION.DOMAIN/210987654321/another.fifo"},
		{"type", "sqs", "destination", "arn:PARTITION:sqs:REGION:123456789012:by-arn.fifo"},
		{"type", "sns", "destination", "arn:PARTITION:sns:REGION:123456789012:alarms"},
		{"type", "lambda", "destination", "by-name"},
		{"type", "lambda", "destination", "by-name:live"},
		{"type", "lambda", "destination", "210987654321:function:partial:7"},
		{"type", "lambda", "destination", "arn:PARTITION:lambda:REGION:123456789012:function:by-arn:live"},
		{"type", "es", "destination", "search-logs-x-0123456789abcdefghijklmnop.REGION.es.DOMAIN#clicks"},
		{"type", "es", "destination", "vpc-inside-0123456789abcdefghijklmnop.REGION.es.DOMAIN#clicks/doc"},
		{"type", "es", "destination", "0123456789abcdef.REGION.aoss.DOMAIN#clicks"},
		{"type", "es", "destination", "http://elasticsearch.example.com:9200/clicks"},
		{"type", "iot", "destination", "abc-ats.iot.REGION.DOMAIN#sensors/1"},
		{"type", "memcached", "destination", "cache.example.com", "secret", "arn:PARTITION:secretsmanager:REGION:123456789012:secret:cache-AbCdEf"},
		{"type", "redis", "destination", "redis.example.com"},
		{"type", "file", "destination", "-"},
		{"type", "eventbridge", "destination", "by-name"},
		{"type", "eventbridge", "destination", "arn:PARTITION:events:REGION:210987654321:event-bus/by-arn"},
		{"type", "stepfunctions", "destination", "arn:PARTITION:states:REGION:123456789012:stateMachine:order:live"},
		{"type", "dynamodb", "destination", "by-name", "key", ".id"},
		{"type", "dynamodb", "destination", "no-tombstones", "tombstone", "none", "sourceArn", "arn:PARTITION:dynamodb:REGION:123456789012:table/orders/stream/2026-01-31T12:34:56.789"},
		{"type", "s3", "destination", "s3://lake/orders/day=${day}"},
		{"type", "http", "destination", "https://hooks.example.com/orders"},
		{"type", "http", "destination", "https://abc123.execute-api.REGION.DOMAIN/prod/orders", "auth", "sigv4"},
		{"type", "http", "destination", "https://abcdefgh.lambda-url.REGION.on.aws/", "auth", "sigv4"},
		{"type", "sqs", "destination", "https://sqs.REGION.DOMAIN/210987654321/over-there", "role", "arn:PARTITION:iam::210987654321:role/teams/receiver", "externalId", "fanout-1"},
		{"type", "firehose", "destination", "over-there", "role", "arn:PARTITION:iam::210987654321:role/teams/receiver", "externalId", "fanout-2"},
		{"type", "sns", "destination", "arn:PARTITION:sns:REGION:333333333333:over-there", "role", "arn:PARTITION:iam::333333333333:role/receiver"},
		{"type", "kinesis", "destination", "large", "oversize", "s3://big-records/claims"},
		{"type", "redis", "destination", "redis.example.com", "oversize", "s3://big-records/cache/day=${day}", "role", "arn:PARTITION:iam::333333333333:role/without-effect"},
		{"type", "firehose", "destination", "over-there", "oversize", "s3://big-records-there", "role", "arn:PARTITION:iam::333333333333:role/receiver"},
	} {
		for j := range attributes {
			attributes[j] = in(p, attributes[j])
		}
		all = append(all, spec(t, append(attributes, "id", fmt.Sprint("target-", i))...))
	}
	return all
}

// everySource has each kind of source and of on-failure destination.
func everySource(p struct{ name, region, domain string }) []Source {
	return []Source{
		{ARN: in(p, "arn:PARTITION:kinesis:REGION:123456789012:stream/clicks"), OnFailure: in(p, "arn:PARTITION:sqs:REGION:123456789012:failed")},
		{ARN: in(p, "arn:PARTITION:kinesis:REGION:123456789012:stream/views/consumer/fanout:1700000000"), OnFailure: in(p, "arn:PARTITION:s3:::failed-batches")},
		{ARN: in(p, "arn:PARTITION:dynamodb:REGION:123456789012:table/orders/stream/2026-01-31T12:34:56.789"), OnFailure: in(p, "arn:PARTITION:sns:REGION:123456789012:failed")},
		{ARN: in(p, "arn:PARTITION:sns:REGION:123456789012:news")},
		{ARN: in(p, "arn:PARTITION:sqs:REGION:123456789012:jobs.fifo")},
	}
}

func TestGolden(t *testing.T) {
	for _, p := range partitions {
		d, err := full(p).Policy(everyTarget(t, p), everySource(p))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, p.name+".json", d.JSON())
		accounts, err := full(p).Accounts(everyTarget(t, p))
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, a := range accounts {
			text = append(text, a.Role, a.Trust.JSON(), a.Policy.JSON())
		}
		golden(t, p.name+"-accounts.txt", strings.Join(text, "\n"))
	}
	golden(t, "trust.json", Trust().JSON())
}

// Each target alone needs exactly these rights, in every partition.
func TestTarget(t *testing.T) {
	const here = "arn:PARTITION:%s:REGION:123456789012:%s"
	for _, p := range partitions {
		for _, tt := range []struct {
			attributes []string
			want       []string // rules after the log's two
		}{
			{[]string{"type", "kinesis", "destination", "s"}, []string{"kinesis:PutRecords on " + fmt.Sprintf(here, "kinesis", "stream/s")}},
			{[]string{"type", "kinesis", "destination", "s", "aggregate", "true"},
				[]string{"kinesis:PutRecords on " + fmt.Sprintf(here, "kinesis", "stream/s"), "kinesis:ListShards on " + fmt.Sprintf(here, "kinesis", "stream/s")}},
			{[]string{"type", "firehose", "destination", "s"}, []string{"firehose:PutRecordBatch on " + fmt.Sprintf(here, "firehose", "deliverystream/s")}},
			{[]string{"type", "sqs", "destination", "https://sqs.REGION.DOMAIN/123456789012/q"}, []string{"sqs:SendMessage on " + fmt.Sprintf(here, "sqs", "q")}},
			{[]string{"type", "sqs", "destination", "http://127.0.0.1:9324/queue/q"}, []string{"sqs:SendMessage on " + fmt.Sprintf(here, "sqs", "q")}},
			{[]string{"type", "sns", "destination", "arn:PARTITION:sns:REGION:210987654321:t"}, []string{"sns:Publish on arn:PARTITION:sns:REGION:210987654321:t"}},
			{[]string{"type", "lambda", "destination", "f:$LATEST"}, []string{"lambda:InvokeFunction on " + fmt.Sprintf(here, "lambda", "function:f:$LATEST")}},
			{[]string{"type", "es", "destination", "search-d-x.REGION.es.DOMAIN#i"}, []string{"es:ESHttpPost on " + fmt.Sprintf(here, "es", "domain/d/i/_bulk")}},
			{[]string{"type", "es", "destination", "https://search-a-b-x.REGION.es.DOMAIN/base/#i"}, []string{"es:ESHttpPost on " + fmt.Sprintf(here, "es", "domain/a-b/base/i/_bulk")}},
			{[]string{"type", "es", "destination", "logs.REGION.es.DOMAIN#i"}, []string{"es:ESHttpPost on " + fmt.Sprintf(here, "es", "domain/logs/i/_bulk")}},
			{[]string{"type", "es", "destination", "c.REGION.aoss.DOMAIN#i"}, []string{"aoss:APIAccessAll on " + fmt.Sprintf(here, "aoss", "collection/c")}},
			{[]string{"type", "es", "destination", "es.example.com#i"}, nil},
			{[]string{"type", "iot", "destination", "x.iot.REGION.DOMAIN#a/*/$${b}?"}, []string{"iot:Publish on " + fmt.Sprintf(here, "iot", "topic/a/${*}/${$}{b}${?}")}},
			{[]string{"type", "iot", "destination", "x.iot.REGION.DOMAIN#a/${.b}/c"}, []string{"iot:Publish on " + fmt.Sprintf(here, "iot", "topic/a/*/c")}},
			{[]string{"type", "es", "destination", "search-d-x.REGION.es.DOMAIN#i-${.b}"}, []string{"es:ESHttpPost on " + fmt.Sprintf(here, "es", "domain/d/_bulk")}},
			{[]string{"type", "memcached", "destination", "h"}, nil},
			{[]string{"type", "redis", "destination", "h", "secret", fmt.Sprintf(here, "secretsmanager", "secret:a-AbCdEf")},
				[]string{"secretsmanager:GetSecretValue on " + fmt.Sprintf(here, "secretsmanager", "secret:a-AbCdEf")}},
			{[]string{"type", "redis", "destination", "h", "secret", fmt.Sprintf(here, "secretsmanager", "secret:cache")},
				[]string{"secretsmanager:GetSecretValue on " + fmt.Sprintf(here, "secretsmanager", "secret:cache-??????")}},
			{[]string{"type", "redis", "destination", "h", "role", "arn:PARTITION:iam::210987654321:role/r"}, nil},
			{[]string{"type", "file", "destination", "-"}, nil},
			{[]string{"type", "kinesis", "destination", "s", "role", "arn:PARTITION:iam::210987654321:role/r"}, []string{"sts:AssumeRole on arn:PARTITION:iam::210987654321:role/r"}},
		} {
			for i := range tt.attributes {
				tt.attributes[i] = in(p, tt.attributes[i])
			}
			f := Function{ARN: in(p, "arn:PARTITION:lambda:REGION:123456789012:function:fanout:live")}
			got, err := f.Policy([]sinks.Spec{spec(t, tt.attributes...)}, nil)
			if err != nil {
				t.Errorf("%v: %v", tt.attributes, err)
				continue
			}
			group := fmt.Sprintf(here, "logs", "log-group:/aws/lambda/fanout:*")
			want := []string{"Allow logs:CreateLogStream on " + group, "Allow logs:PutLogEvents on " + group}
			for _, w := range tt.want {
				want = append(want, "Allow "+w)
			}
			for i := range want {
				want[i] = in(p, want[i])
			}
			slices.Sort(want)
			rules, _ := Diff(Document{}, got)
			if diff := cmp.Diff(want, rules); diff != "" {
				t.Errorf("%v (-want +got):\n%s", tt.attributes, diff)
			}
		}
	}
}

// A resource has a wildcard only if AWS requires one, and each Sid is unique.
func TestLeastPrivilege(t *testing.T) {
	documented := map[string]string{ // Sid: end of the resource from the first wildcard on
		"WriteLogs": "*", "PutMetrics": "*", "PutTraces": "*", "FindNetwork": "*", "ManageInterfaces": "*", "NetworkIsForLambdaAlone": "*",
		"ListDynamoDBStreams": "*", "PutFailedBatches": "*",
		"CompareExecutions": "*", "PutToS3": "*", "SendToFunctionURLs": "*",
	}
	check := func(d Document) {
		sids := make(map[string]bool)
		for _, s := range d.Statement {
			if sids[s.Sid] || strings.Trim(s.Sid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
				t.Errorf("Sid %s is there twice, or not of letters and digits", s.Sid)
			}
			sids[s.Sid] = true
			if !slices.IsSorted(s.Action) || !slices.IsSorted(s.Resource) {
				t.Errorf("%s is not sorted: %v, %v", s.Sid, s.Action, s.Resource)
			}
			for _, a := range s.Action {
				if strings.Contains(a, "*") {
					t.Errorf("%s allows %s", s.Sid, a)
				}
			}
			for _, r := range s.Resource {
				if i := strings.IndexAny(r, "*?"); i >= 0 && documented[s.Sid] != r[i:] {
					t.Errorf("%s is for %s", s.Sid, r)
				}
			}
		}
	}
	for _, p := range partitions {
		all := everyTarget(t, p)
		d, err := full(p).Policy(all, everySource(p))
		if err != nil {
			t.Fatal(err)
		}
		check(d)
		accounts, err := full(p).Accounts(all)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range accounts {
			check(a.Policy)
		}
		for _, r := range d.Statement { // nothing of another partition
			for _, r := range r.Resource {
				if r != "*" && !strings.HasPrefix(r, "arn:"+p.name+":") {
					t.Errorf("%s is not of %s", r, p.name)
				}
			}
		}
	}
}

// The order of the facts does not matter.
func TestDeterministic(t *testing.T) {
	p := partitions[0]
	f, targets, sources := full(p), everyTarget(t, p), everySource(p)
	want, err := f.Policy(targets, sources)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(targets)
	slices.Reverse(sources)
	slices.Reverse(f.Keys)
	got, err := f.Policy(append(targets, targets...), append(sources, sources...))
	if diff := cmp.Diff(want.JSON(), got.JSON()); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestTooLong(t *testing.T) {
	var targets []sinks.Spec
	for i := range 300 {
		targets = append(targets, spec(t, "type", "kinesis", "destination", fmt.Sprintf("stream-%03d", i)))
	}
	d, err := bare().Policy(targets, nil)
	if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "the policy of function fanout has ") || !strings.Contains(err.Error(), "10240") {
		t.Errorf("got %v", err)
	}
	if n := len(d.Statement[1].Resource); n != len(targets) {
		t.Errorf("the document has %d of %d targets", n, len(targets))
	}
	// As many as fit, to the character.
	for n := range targets {
		d, err := bare().Policy(targets[:n], nil)
		size := len(strings.Join(strings.Fields(d.JSON()), ""))
		if (err == nil) != (size <= MaxInline) {
			t.Fatalf("%d targets, %d characters: %v", n, size, err)
		}
	}
}

func TestFaults(t *testing.T) {
	rival := &sinks.Type{Name: "queue", Rights: func(sinks.Place, *sinks.Spec) ([]sinks.Right, error) {
		return []sinks.Right{{Sid: "SendToSQS", Actions: []string{"queue:Send"}, Resource: "*"}}, nil
	}}
	alias := spec(t, "id", "b", "type", "es", "destination", "es.amazonaws.com#i")
	for _, tt := range []struct {
		f       Function
		targets []sinks.Spec
		sources []Source
		want    string
	}{
		{Function{}, nil, nil, `the function's ARN is ""`},
		{Function{ARN: "arn:aws:lambda:eu-west-1:1:layer:x"}, nil, nil, `the function's ARN is "arn:aws:lambda`},
		{bare(), []sinks.Spec{alias}, nil, `target "b": the destination "es.amazonaws.com#i" does not include the name of its domain`},
		{bare(), []sinks.Spec{{ID: "c", Type: &sinks.Type{Name: "s3"}}}, nil, `target "c": nothing is known`},
		{bare(), []sinks.Spec{spec(t, "id", "q", "type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/q"), {ID: "d", Type: rival}}, nil, `target "d": two types of targets have a statement "SendToSQS" with different actions`},
		{bare(), nil, []Source{{ARN: "clicks"}}, `the source is "clicks"; write`},
		{bare(), nil, []Source{{ARN: "arn:aws:s3:::q"}}, `belongs to "s3"`},
		{bare(), nil, []Source{{ARN: "arn:aws:sns:eu-west-1:1:q", OnFailure: "q"}}, `the on-failure destination is "q"; write`},
		{bare(), nil, []Source{{ARN: "arn:aws:sns:eu-west-1:1:q", OnFailure: "arn:aws:iot:::x"}}, `the on-failure destination is`},
		{bare(), nil, []Source{{ARN: "arn:aws:kinesis:eu-west-1:1:stream/s", OnFailure: "arn:aws:lambda:eu-west-1:1:function:f"}}, `the on-failure destination is "arn:aws:lambda:eu-west-1:1:function:f"; write the ARN of an SQS queue, SNS topic or S3 bucket`},
		{Function{ARN: bare().ARN, OnFailure: "arn:aws:iot:::x"}, nil, nil, `the on-failure destination is "arn:aws:iot:::x"; write the ARN of an SQS queue, SNS topic, S3 bucket, Lambda function or event bus`},
		{Function{ARN: bare().ARN, Keys: []Key{{ARN: "arn:aws:kms:eu-west-1:1:alias/x"}}}, nil, nil, "the KMS key is"},
	} {
		_, err := tt.f.Policy(tt.targets, tt.sources)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func ExampleFunction_Policy() {
	f := Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout", Metrics: metrics.ModeNone}
	d, err := f.Policy(nil, []Source{{ARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.JSON())
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "WriteLogs",
	//       "Effect": "Allow",
	//       "Action": [
	//         "logs:CreateLogStream",
	//         "logs:PutLogEvents"
	//       ],
	//       "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/fanout:*"
	//     },
	//     {
	//       "Sid": "ReadKinesis",
	//       "Effect": "Allow",
	//       "Action": [
	//         "kinesis:DescribeStream",
	//         "kinesis:DescribeStreamSummary",
	//         "kinesis:GetRecords",
	//         "kinesis:GetShardIterator",
	//         "kinesis:ListShards"
	//       ],
	//       "Resource": "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	//     }
	//   ]
	// }
}

// The destination of failed messages needs the right of its service, whether it is in
// the function's settings or comes with a topic.
func TestAsyncFailure(t *testing.T) {
	for destination, want := range map[string]string{
		"arn:aws:sqs:eu-west-1:123456789012:q":                 "sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:q",
		"arn:aws:sns:eu-west-1:123456789012:t":                 "sns:Publish on arn:aws:sns:eu-west-1:123456789012:t",
		"arn:aws:s3:::b":                                       "s3:ListBucket on arn:aws:s3:::b, s3:PutObject on arn:aws:s3:::b/*",
		"arn:aws:lambda:eu-west-1:123456789012:function:f":     "lambda:InvokeFunction on arn:aws:lambda:eu-west-1:123456789012:function:f",
		"arn:aws:events:eu-west-1:123456789012:event-bus/late": "events:PutEvents on arn:aws:events:eu-west-1:123456789012:event-bus/late",
	} {
		own, coming := bare(), bare()
		own.OnFailure = destination
		for name, d := range map[string]func() (Document, error){
			"own": func() (Document, error) { return own.Policy(nil, nil) },
			"coming": func() (Document, error) {
				return coming.Policy(nil, []Source{{ARN: "arn:aws:sns:eu-west-1:1:t", OnFailure: destination}})
			},
		} {
			doc, err := d()
			if err != nil {
				t.Fatal(err)
			}
			without, err := bare().Policy(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, more := Diff(doc, without)
			got := strings.ReplaceAll(strings.Join(more, ", "), "Allow ", "")
			if got != want {
				t.Errorf("%s %s: %s, want %s", name, destination, got, want)
			}
		}
	}
}
