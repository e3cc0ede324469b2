package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/testing/clitest"
)

// read reads the status of an account.
func read(t *testing.T, a *account) (s *Snapshot, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { s, err = a.reader().Read(t.Context()) })
	return s, err
}

// topic gives an account a topic with an active target, whose subscription leads to an endpoint.
func topic(a *account, endpoint, caller string) {
	a.items = append(a.items, map[string]string{"sourceArn": alerts, "id": "mail", "type": "firehose", "destination": "mail", "active": "true"})
	a.topics, a.callers = map[string]string{alerts: endpoint}, caller
}

// failed is a log line about failures of a target.
func failed(target, class, reason string) string {
	return fmt.Sprintf(`{"level":"error","time":"2000-01-01T00:00:00Z","msg":"records failed","requestId":"r-1","target":%q,"source":%q,"failed":3,`+
		`"failures":[{"error":%q,"class":%q,"records":3,"diverted":false,"shard":"shardId-0","sequence":"42"}]}`, target, orders, reason, class)
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(a *account)
		verdict State
		text    string // part of the verdict
		do      string // part of the remedy
	}{
		{"healthy", func(*account) {}, Healthy, "60 records came in the last 15m, 117 deliveries, the oldest waited 0.7s", ""},
		{"idle", func(a *account) { a.metrics = nil }, Healthy, "no records in the last 15m", ""},
		{"without metrics of its own", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.metrics["teller/IteratorAge"] = []float64{100}
			a.log = []logLine{{time.Minute, `{"level":"info","msg":"delivered","target":"archive"}`}}
		}, Healthy, "called the function 12 times in the last 15m, without an error, and its log has no failure", ""},
		{"failures without metrics", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.log = []logLine{{10 * time.Minute, failed("billing", "permanent", "no queue")}}
		}, Failing, "target kinesis:orders/billing: 3 records failed 10m ago: no queue", "run fanout doctor"},
		{"records that go aside without metrics", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.log = []logLine{{time.Minute, strings.Replace(failed("billing", "refused", "no"), `"diverted":false`, `"diverted":true`, 1)}}
		}, Failing, "onFailure took 3 records 1m ago: no", "run fanout redrive"},
		{"an error of the function without metrics", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.log = []logLine{{time.Minute, `{"level":"error","msg":"the function is misconfigured","error":"FANOUT_IN_FLIGHT"}`}}
		}, Failing, "function teller: its log has an error 1m ago: the function is misconfigured: FANOUT_IN_FLIGHT", "run fanout doctor"},
		{"late records of two sources without metrics", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.items = append(a.items, map[string]string{"sourceArn": orders + "2", "id": "copy", "type": "firehose", "destination": "copy", "active": "true"})
			a.mappings = append(a.mappings, types.EventSourceMappingConfiguration{UUID: aws.String("1"), EventSourceArn: aws.String(orders + "2"), State: aws.String("Enabled")})
			a.metrics["teller/IteratorAge"] = []float64{1_000_000}
			a.log = []logLine{{time.Minute, `{"level":"info"}`}}
		}, Late, "function teller: its oldest record had waited 16m40s when the function got it 0s ago", "run fanout doctor"},
		{"without metrics and log", func(a *account) { a.variables = map[string]string{"FANOUT_METRICS": "none"} }, Unclear,
			"function teller: it sends no metrics, and its log has no lines of the last 15m", "run fanout deploy --function teller --env FANOUT_METRICS=cloudwatch"},
		{"without metrics and the right to the log", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			a.fail = map[string]string{"FilterLogEvents": "AccessDeniedException"}
		}, Unclear, "its log cannot be read: needs logs:FilterLogEvents", "ask for the right, or run fanout deploy"},
		{"without metrics and with too long a log", func(a *account) {
			a.variables = map[string]string{"FANOUT_METRICS": "none"}
			for range 100 {
				a.log = append(a.log, logLine{time.Minute, `{"level":"info"}`})
			}
		}, Unclear, "too long", "run fanout status --function teller --last 5m"},
		{"targets in a file", func(a *account) {
			a.variables = map[string]string{"FANOUT_TARGETS_FILE": "targets.yaml"}
			a.log = []logLine{{time.Minute, `{"level":"info"}`}}
		}, Healthy, "60 records came in the last 15m, and the log has no failure", ""},
		{"a failure of a target in a file", func(a *account) {
			a.variables = map[string]string{"FANOUT_TARGETS_FILE": "targets.yaml"}
			a.log = []logLine{{time.Minute, failed("lost", "permanent", "no")}, {2 * time.Minute, failed("lost", "permanent", "no")}}
		}, Failing, "target kinesis:orders/lost: 3 records failed 1m ago: no", "run fanout doctor"},
		{"targets in a file, without a log", func(a *account) { a.variables = map[string]string{"FANOUT_TARGETS_FILE": "targets.yaml"} }, Unclear,
			"Lambda called it 12 times in the last 15m, but its log has no lines", "run fanout doctor"},
		{"targets without the right", func(a *account) { a.fail = map[string]string{"Scan": "AccessDeniedException"} }, Unclear,
			"function teller: its targets cannot be read: needs dynamodb:Scan", "ask for the right"},
		{"targets without an answer", func(a *account) { a.fail = map[string]string{"Scan": "InternalServerError"} }, Unclear,
			"function teller: its targets cannot be read: ", ""},
		{"a failure of a target without the right", func(a *account) {
			a.fail = map[string]string{"Scan": "AccessDeniedException"}
			a.log = []logLine{{time.Minute, failed("lost", "permanent", "no")}}
		}, Failing, "target kinesis:orders/lost: 3 records failed 1m ago: no (and 1 more)", "run fanout doctor"},
		{"records in the failures queue", func(a *account) {
			a.variables = map[string]string{"FANOUT_ON_FAILURE": "arn:aws:sqs:eu-west-1:123456789012:aside"}
			a.queues = map[string]int{"aside": 1}
		}, Attention, "failures queue arn:aws:sqs:eu-west-1:123456789012:aside: 1 record waits in it", "when the cause is mended, run fanout redrive --function teller --queue arn:aws:sqs:eu-west-1:123456789012:aside --region eu-west-1"},
		{"records in the queue of a target", func(a *account) { a.queues = map[string]int{"failures": 7} }, Attention,
			"failures queue arn:aws:sqs:eu-west-1:123456789012:failures: 7 records wait in it", "run fanout redrive"},
		{"records in the queue of an inactive target", func(a *account) {
			a.queues, a.items[1]["active"] = map[string]int{"failures": 7}, "false"
		}, Healthy, "60 records came", ""},
		{"no failures queue", func(a *account) { a.fail = map[string]string{"GetQueueAttributes": "QueueDoesNotExist"} }, Attention, "the queue does not exist", "run fanout doctor"},
		{"the failures queue without the right", func(a *account) { a.fail = map[string]string{"GetQueueAttributes": "AccessDenied"} }, Unclear,
			"it cannot be read: needs sqs:GetQueueAttributes", "ask for the right"},
		{"a topic", func(a *account) { topic(a, self+":live", "arn:aws:sns:eu-west-1:123456789012:a*") }, Healthy, "60 records came", ""},
		{"a topic without a subscription", func(a *account) { topic(a, "", alerts) }, Attention,
			"source sns:alerts: it has active targets, but no subscription", "run fanout hook --function teller --source-arn " + alerts},
		{"a topic that another function subscribes to", func(a *account) { topic(a, self+"2", alerts) }, Attention, "no subscription", "run fanout hook"},
		{"a topic that may not invoke", func(a *account) { topic(a, self, alerts+"2") }, Failing, "its messages are lost", "run fanout hook"},
		{"a topic that is gone", func(a *account) {
			topic(a, "", alerts)
			a.fail = map[string]string{"ListSubscriptionsByTopic": "NotFound"}
		}, Failing, "the topic does not exist", "correct the source"},
		{"a FIFO topic", func(a *account) {
			topic(a, "", alerts)
			a.items[len(a.items)-1]["sourceArn"] = alerts + ".fifo"
		}, Failing, "it is a FIFO topic", "standard topic"},
		{"a topic without the right", func(a *account) {
			topic(a, self, alerts)
			a.fail = map[string]string{"ListSubscriptionsByTopic": "AuthorizationError"}
		}, Unclear, "its subscription cannot be read: needs sns:ListSubscriptionsByTopic", "ask for the right"},
		{"a topic without the right to the policy", func(a *account) {
			topic(a, self, alerts)
			a.fail = map[string]string{"GetPolicy": "AccessDeniedException"}
		}, Unclear, "its subscription cannot be read: needs lambda:GetPolicy", "ask for the right"},
		{"no targets yet", func(a *account) { a.items, a.mappings = nil, nil }, Attention, "function teller: it has no targets yet", "run fanout register --function teller TYPE --source-arn ARN"},
		{"no active targets yet", func(a *account) { a.items, a.mappings = a.items[2:], nil }, Attention,
			"function teller: it has no active targets yet", "run fanout activate --function teller --source-arn " + orders + " --id failures"},
		{"mappings without the right", func(a *account) { a.fail = map[string]string{"ListEventSourceMappings": "AccessDeniedException"} }, Unclear,
			"function teller: its mappings cannot be read: needs lambda:ListEventSourceMappings", "ask for the right"},
		{"mappings without the right, and late records", func(a *account) {
			a.fail = map[string]string{"ListEventSourceMappings": "AccessDeniedException"}
			a.metrics["archive/IteratorAge"] = []float64{0, 0, 1_000_000}
		}, Late, "16m40s when the function got it 0s ago", "run fanout hook"},
		{"late behind a failure that no metric has", func(a *account) {
			a.metrics["archive/IteratorAge"] = []float64{0, 0, 1_000_000}
			a.log = []logLine{{12 * time.Minute, failed("billing", "permanent", "no")}}
		}, Late, "16m40s", "mend the target billing, which holds up the records behind its own: run fanout doctor"},
		{"a failure that no metric has yet", func(a *account) {
			a.metrics["archive/IteratorAge"] = []float64{0, 0, 1_000_000}
			a.log = []logLine{{-10 * time.Second, failed("billing", "permanent", "no")}}
		}, Failing, "3 records failed 0s ago: no (and 1 more)", "run fanout doctor"},
		{"a target without rights", func(a *account) {
			a.metrics["billing/Failed"] = []float64{0, 0, 3}
			a.log = []logLine{{10 * time.Second, failed("billing", "permanent", "sqs billing: AccessDenied")}}
		}, Failing, "target kinesis:orders/billing: 3 records failed in the last 15m: sqs billing: AccessDenied", "run fanout doctor --function teller --region eu-west-1"},
		{"a record that a target refuses", func(a *account) {
			a.metrics["archive/Failed"] = []float64{1, 1, 1}
			a.log = []logLine{{10 * time.Second, failed("archive", "refused", "no")}}
		}, Failing, "3 records failed", "run fanout deploy --function teller --failures-queue NAME --region eu-west-1"},
		{"a target that throttles", func(a *account) {
			a.metrics["archive/Failed"] = []float64{1, 1, 1}
			a.log = []logLine{{10 * time.Second, failed("archive", "throttled", "no")}}
		}, Failing, "3 records failed", "run fanout update --function teller --source-arn " + orders + " --id archive --in-flight N --region eu-west-1"},
		{"a target that failed, and nothing came since", func(a *account) {
			a.metrics["billing/Failed"] = append([]float64{0, 0, 5}, make([]float64, 6)...)
			a.metrics["billing/Delivered"] = make([]float64, 9)
			a.metrics["billing/Diverted"] = make([]float64, 9)
		}, Failing, "5 records failed", "run fanout doctor"},
		{"a target that recovered", func(a *account) {
			a.metrics["billing/Failed"] = []float64{3, 0, 0, 0, 0}
			a.metrics["billing/Delivered"] = []float64{0, 0, 0, 5, 5}
			a.metrics["billing/Diverted"] = make([]float64, 5)
		}, Healthy, "60 records came", ""},
		{"a target whose records go aside", func(a *account) {
			a.metrics["billing/Diverted"] = []float64{0, 2, 2}
		}, Failing, "onFailure took 4 records in the last 15m", "when it is mended, run fanout redrive --function teller --queue arn:aws:sqs:eu-west-1:123456789012:failures --region eu-west-1"},
		{"records that went aside", func(a *account) {
			a.metrics["billing/Diverted"] = []float64{4, 0, 0, 0, 0}
			a.metrics["billing/Failed"] = make([]float64, 5)
			a.metrics["billing/Delivered"] = []float64{0, 0, 0, 5, 5}
		}, Attention, "the target delivers again", "run fanout redrive"},
		{"a faulty target", func(a *account) { a.items[0]["destination"] = "" }, Failing, "its records fail: ", "run fanout doctor"},
		{"late records", func(a *account) { a.metrics["archive/IteratorAge"] = []float64{0, 0, 1_000_000} }, Late,
			"source kinesis:orders: its oldest record had waited 16m40s", "run fanout hook --function teller --source-arn " + orders + " --parallelization-factor 2 --region eu-west-1"},
		{"late records of a source that is as parallel as can be", func(a *account) {
			a.metrics["archive/IteratorAge"] = []float64{1_000_000}
			a.mappings[0].ParallelizationFactor = aws.Int32(10)
		}, Late, "16m40s", "add shards"},
		{"late behind a failure", func(a *account) {
			a.metrics["archive/IteratorAge"], a.metrics["archive/Failed"] = []float64{1_000_000}, []float64{0, 0, 1}
		}, Failing, "(and 1 more)", "run fanout doctor"},
		{"records that were late, and none since", func(a *account) {
			a.metrics["archive/IteratorAge"] = []float64{1_000_000, -1, -1, -1, -1, -1, -1, -1}
			delete(a.metrics, "billing/IteratorAge")
		}, Healthy, "60 records came", ""},
		{"a paused source", func(a *account) { a.mappings[0].State = aws.String("Disabled") }, Attention, "source kinesis:orders: it is paused", "run fanout resume"},
		{"a source without a mapping", func(a *account) { a.mappings = nil }, Attention, "no mapping", "run fanout hook"},
		{"a source without targets", func(a *account) { a.items = nil }, Failing, "no active target", "run fanout register --function teller TYPE"},
		{"a mapping with a problem", func(a *account) { a.mappings[0].LastProcessingResult = aws.String("PROBLEM: Function call failed") }, Failing,
			`Lambda reports "PROBLEM: Function call failed"`, "run fanout doctor"},
		{"a function that ends early", func(a *account) {
			a.metrics["teller/Errors"] = []float64{0, 2, 2}
			a.log = []logLine{{20 * time.Second, "2000-01-01T00:00:00Z 1-2-3 Task timed out after 3.00 seconds"}}
		}, Failing, "function teller: 4 of its 12 invocations ended with an error in the last 15m: Task timed out after 3.00 seconds", "aws logs tail /aws/lambda/teller --since 15m"},
		{"a function that Lambda does not start", func(a *account) { a.metrics["teller/Throttles"] = []float64{7} }, Attention, "refused to start it 7 times", "concurrency"},
		{"a function that counts nothing", func(a *account) { delete(a.metrics, orders+"/Records") }, Attention, "it counted no records", "the log says why"},
		{"metrics without the right", func(a *account) { a.fail = map[string]string{"GetMetricData": "AccessDenied"} }, Unclear, "its metrics cannot be read: needs cloudwatch:GetMetricData", "ask for the right"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := healthy()
			tt.change(a)
			s, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			if v := s.Verdict; v.State != tt.verdict || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Do, tt.do) || (tt.do == "") != (v.Do == "") {
				t.Errorf("got %s: %s\n→ %s\nwant %s: %s\n→ %s", v.State, v.Text, v.Do, tt.verdict, tt.text, tt.do)
			}
			if ill := s.Verdict.Ill(); ill != (tt.verdict == Failing || tt.verdict == Late || tt.verdict == Unclear) {
				t.Errorf("ill is %t", ill)
			}
		})
	}
}

// What may not be read is a note, and everything else is there.
func TestWithoutRights(t *testing.T) {
	for call, want := range map[string]string{
		"ListEventSourceMappings": "mappings: needs lambda:ListEventSourceMappings",
		"GetQueueAttributes":      "records in the failures queue arn:aws:sqs:eu-west-1:123456789012:failures: needs sqs:GetQueueAttributes",
		"Scan":                    "targets: needs dynamodb:Scan",
		"GetMetricData":           "age and counts of records: needs cloudwatch:GetMetricData",
		"FilterLogEvents":         "reasons of failures: needs logs:FilterLogEvents",
	} {
		a := healthy()
		a.metrics["archive/Failed"] = []float64{1}
		a.fail = map[string]string{call: "AccessDeniedException"}
		s, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, u := range s.Unknown {
			found = found || u.What+": "+u.Why == want
		}
		if call == "ListEventSourceMappings" != s.Sources[0].Unread {
			t.Errorf("without %s: unread is %t", call, s.Sources[0].Unread)
		}
		if !found || len(s.Sources) != 1 {
			t.Errorf("without %s: got %v and %d sources, want %q", call, s.Unknown, len(s.Sources), want)
		}
	}
}

func TestErrors(t *testing.T) {
	a := healthy()
	a.gone = true
	if _, err := read(t, a); err == nil {
		t.Error("a function that is not there has no error")
	} else if missing, ok := errors.AsType[*cloud.NoFunction](err); !ok || missing.Name != "teller" {
		t.Error(err)
	}
	a = healthy()
	a.fail = map[string]string{"GetFunctionConfiguration": "AccessDeniedException"}
	if _, err := read(t, a); err == nil || !strings.Contains(err.Error(), `the function "teller" cannot be looked up`) {
		t.Error(err)
	}
}

// The whole result, as commands print it.
func TestSnapshot(t *testing.T) {
	a := healthy()
	a.items = append(a.items, map[string]string{"sourceArn": "arn:aws:sns:eu-west-1:123456789012:alerts", "id": "mail", "type": "sqs", "destination": "arn:aws:sqs:eu-west-1:123456789012:mail", "active": "true"})
	a.metrics["billing/Failed"], a.metrics["archive/Failed"] = []float64{0, 3, 3}, []float64{1, 0, 0}
	a.log = []logLine{
		{30 * time.Second, failed("billing", "permanent", "the last reason")},
		{90 * time.Second, failed("billing", "permanent", "an older reason")},
		{100 * time.Second, `{"level":"error","msg":"the function is misconfigured","error":"FANOUT_IN_FLIGHT"}`},
		{150 * time.Second, failed("archive", "retryable", "timeout")},
		{160 * time.Second, `{"level":"info","msg":"delivered","target":"archive"}`},
	}
	s, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	clitest.CheckGolden(t, "testdata/snapshot.json", string(text)+"\n")
}

// A queue has an age in seconds and a number of messages, both of SQS.
func TestQueueAsSource(t *testing.T) {
	const jobs = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	for _, tt := range []struct {
		ages, waiting []float64
		state         State
		wantAge       float64
		want          *int
	}{
		{[]float64{3, 5, -1}, []float64{9, 7, -1}, Healthy, 5, aws.Int(7)},
		{[]float64{1, 2, 7200}, []float64{0, 0, 900}, Late, 7200, aws.Int(900)},
		{[]float64{0, 0, 0}, nil, Healthy, 0, nil},
	} {
		a := healthy()
		a.mappings[0].EventSourceArn = aws.String(jobs)
		for _, item := range a.items {
			item["sourceArn"] = jobs
		}
		a.metrics[jobs+"/Records"] = a.metrics[orders+"/Records"]
		a.metrics["jobs/ApproximateAgeOfOldestMessage"], a.metrics["jobs/ApproximateNumberOfMessagesVisible"] = tt.ages, tt.waiting
		s, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		source := &s.Sources[0]
		if source.Age == nil || source.Age.Last != tt.wantAge || !equal(source.Waiting, tt.want) || s.Verdict.State != tt.state {
			t.Errorf("%v, %v: %+v %+v, waiting %v", tt.ages, tt.waiting, s.Verdict, source.Age, source.Waiting)
		}
	}
}

// A queue of another account or region has metrics there, and none of a queue here that has the
// same name.
func TestQueueElsewhere(t *testing.T) {
	for _, jobs := range []string{"arn:aws:sqs:eu-west-1:210987654321:jobs", "arn:aws:sqs:us-east-1:123456789012:jobs"} {
		a := healthy()
		a.mappings[0].EventSourceArn = aws.String(jobs)
		for _, item := range a.items {
			item["sourceArn"] = jobs
		}
		a.metrics[jobs+"/Records"] = a.metrics[orders+"/Records"]
		a.metrics["jobs/ApproximateAgeOfOldestMessage"], a.metrics["jobs/ApproximateNumberOfMessagesVisible"] = []float64{7200}, []float64{900}
		s, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		source := &s.Sources[0]
		if source.Age != nil || source.Waiting != nil || s.Verdict.State != Healthy {
			t.Errorf("%s: %+v %+v, waiting %v", jobs, s.Verdict, source.Age, source.Waiting)
		}
		if len(s.Unknown) != 1 || s.Unknown[0].What != "age and number of messages in sqs:jobs" || !strings.Contains(s.Unknown[0].Why, jobs) {
			t.Errorf("%s: not known: %+v", jobs, s.Unknown)
		}
	}
}

func equal(a, b *int) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// A consumer reads for the targets of its stream, and metrics have the consumer's name.
func TestConsumer(t *testing.T) {
	a := healthy()
	a.mappings[0].EventSourceArn = aws.String(orders + "/consumer/c:1")
	a.metrics[orders+"/consumer/c:1/Records"] = []float64{5}
	s, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sources) != 1 || len(s.Sources[0].Targets) != 3 || *s.Sources[0].Records != 5 {
		t.Errorf("%+v", s.Sources)
	}
}

// The number of calls does not grow with the log, and little with the number of targets.
func TestBounded(t *testing.T) {
	a := healthy()
	a.metrics["billing/Failed"] = []float64{1}
	for range 100 {
		a.log = append(a.log, logLine{10 * time.Second, failed("archive", "refused", "no")})
	}
	s, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if n := a.calls["FilterLogEvents"]; n != maxLogCalls {
		t.Errorf("%d calls of FilterLogEvents, want %d", n, maxLogCalls)
	}
	if len(s.Failures) != 2*maxLogCalls || len(s.Unknown) != 1 {
		t.Errorf("%d failures, and not known is %v", len(s.Failures), s.Unknown)
	}
	a = healthy()
	for i := range 100 {
		a.items = append(a.items, map[string]string{"sourceArn": orders, "id": fmt.Sprint("t", i), "type": "sqs", "destination": "arn:aws:sqs:eu-west-1:123456789012:q", "active": "true"})
	}
	if s, err = read(t, a); err != nil || len(s.Sources[0].Targets) != 103 || *s.Sources[0].Records != 60 {
		t.Errorf("%v: %+v", err, s)
	}
	if want := 3 + 1 + 102*8; a.queries != want {
		t.Errorf("%d metrics, want %d", a.queries, want)
	}
	if n := a.calls["FilterLogEvents"]; n != 0 {
		t.Errorf("%d calls of FilterLogEvents without a failure", n)
	}
}

func TestSteps(t *testing.T) {
	for period, want := range map[time.Duration]time.Duration{15 * time.Minute: time.Minute, 3 * time.Hour: time.Minute, 12 * time.Hour: 5 * time.Minute, 24 * time.Hour: time.Hour} {
		if got := step(period); got != want || period/got > 180 {
			t.Errorf("%v: %v, want %v", period, got, want)
		}
	}
	for d, want := range map[time.Duration]string{15 * time.Minute: "15m", time.Hour: "1h", 90 * time.Second: "1m30s", 700 * time.Millisecond: "1s"} {
		if got := Short(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
