package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

const report = "FANOUT_REPORT_BATCH_ITEM_FAILURES=true"

// data returns the data that a destination took, in order.
func data(aws *awsfake.Server, destination string) []string {
	var all []string
	for _, r := range aws.Records(destination) {
		all = append(all, string(r.Data))
	}
	return all
}

func TestSuccess(t *testing.T) {
	event := kinesisEvent(
		put{"shardId-000000000000", "49590", "a", "one"},
		put{"shardId-000000000001", "49591", "b", "\x00\xff"},
		put{"shardId-000000000000", "49592", "a", "three"},
	)
	items := []awsfake.Item{
		item("copy", "kinesis", "copy", map[string]any{"parallel": false}),
		item("lake", "firehose", "lake", map[string]any{"appendNewlines": true}),
		item("queue", "sqs", "arn:aws:sqs:eu-west-1:123456789012:queue", map[string]any{"collapse": "concat-b64"}),
		item("retired", "kinesis", "retired", map[string]any{"active": false}),
	}
	yaml := `
targets:
- {sourceArn: "` + orders + `", id: copy, type: kinesis, destination: copy, parallel: false, active: true}
- {sourceArn: "` + orders + `", id: lake, type: firehose, destination: lake, appendNewlines: true, active: true}
- {sourceArn: "` + orders + `", id: queue, type: sqs, collapse: concat-b64, active: true,
   destination: "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"}
- {sourceArn: "` + orders + `", id: retired, type: kinesis, destination: retired, active: false}
`
	for name, c := range map[string]struct {
		env    func(*testing.T, *awsfake.Server) []string
		answer string
	}{
		"table": {func(_ *testing.T, aws *awsfake.Server) []string { setTargets(aws, items...); return nil }, "null"},
		"another table": {func(_ *testing.T, aws *awsfake.Server) []string {
			aws.SetTable("elsewhere", "sourceArn", "id", items...)
			aws.PageSize = 1
			return []string{"FANOUT_TABLE=arn:aws:dynamodb:eu-west-1:123456789012:table/elsewhere"}
		}, "null"},
		"file":   {func(t *testing.T, _ *awsfake.Server) []string { return []string{targetsFile(t, yaml)} }, "null"},
		"report": {func(t *testing.T, _ *awsfake.Server) []string { return []string{targetsFile(t, yaml), report} }, `{"batchItemFailures":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t)
			f := start(t, aws, c.env(t, aws)...)
			f.want(event, c.answer)

			got := map[string]map[string]int{}
			for _, d := range aws.Destinations() {
				got[d] = count(data(aws, d))
			}
			if diff := cmp.Diff(map[string]map[string]int{
				"kinesis/copy":  {"one": 1, "\x00\xff": 1, "three": 1},
				"firehose/lake": {"one\n": 1, "\x00\xff\n": 1, "three\n": 1},
				"sqs/queue":     {"b25ldGhyZWU=": 1, "AP8=": 1},
			}, got); diff != "" {
				t.Error(diff)
			}
			var logged []string
			for _, e := range f.entries("delivered") {
				logged = append(logged, e.Target)
			}
			if diff := cmp.Diff([]string{"copy", "lake", "queue"}, logged); diff != "" || strings.Count(f.logged(), "\n") != 3 {
				t.Errorf("the log has not a line for each target and no more: %s", diff)
			}
		})
	}
}

// refuse makes a stream permanently refuse the records at some places of each request.
func refuse(stream string, places ...int) func(awsfake.Call) *awsfake.Fault {
	codes := make(map[int]string)
	for _, i := range places {
		codes[i] = "KMSAccessDeniedException"
	}
	return func(c awsfake.Call) *awsfake.Fault {
		if c.Destination == stream {
			return &awsfake.Fault{Refuse: codes}
		}
		return nil
	}
}

func TestPartialFailure(t *testing.T) {
	const a, b, c = "shardId-000000000000", "shardId-000000000001", "shardId-000000000002"
	plain := kinesisEvent(
		put{a, "100", "k", "0"}, put{b, "7", "k", "1"}, put{a, "99", "k", "2"},
		put{b, "8", "k", "3"}, put{c, "1", "k", "4"}, put{a, "101", "k", "5"},
	)
	children := kinesisEvent(put{a, "100", "k", "plain"}, put{a, "101", "k", aggregate("x", "y", "z")}, put{b, "7", "k", aggregate("p", "q")})

	for name, tt := range map[string]struct {
		event    string
		places   []int // in the order of delivery, which is the order of the shards
		report   string
		error    string
		delivers []string
	}{
		"lowest of each shard": {
			plain, []int{0, 1, 2, 4},
			`{"batchItemFailures":[{"itemIdentifier":"99"},{"itemIdentifier":"8"}]}`,
			`error: 4 of 6 records failed at target "copy": kinesis copy: KMSAccessDeniedException: its encryption key cannot be used: enable the key, or grant its use`,
			[]string{"1", "4"},
		},
		"children with their parent": {
			children, []int{3},
			`{"batchItemFailures":[{"itemIdentifier":"101"}]}`,
			`error: 1 of 3 records failed at target "copy": kinesis copy: KMSAccessDeniedException: its encryption key cannot be used: enable the key, or grant its use`,
			[]string{"plain", "x", "y", "p", "q"},
		},
	} {
		for _, env := range []string{report, "FANOUT_REPORT_BATCH_ITEM_FAILURES=false"} {
			t.Run(name+" "+env, func(t *testing.T) {
				aws := startAWS(t)
				aws.OnCall(refuse("copy", tt.places...))
				setTargets(aws,
					item("copy", "kinesis", "copy", map[string]any{"deaggregate": true}),
					item("healthy", "kinesis", "healthy", map[string]any{"deaggregate": true}))
				want := tt.error
				if env == report {
					want = tt.report
				}
				f := start(t, aws, env)
				f.want(tt.event, want)
				if diff := cmp.Diff(tt.delivers, data(aws, "kinesis/copy")); diff != "" {
					t.Error(diff)
				}
				if got, want := len(data(aws, "kinesis/healthy")), len(tt.delivers)+len(tt.places); got != want {
					t.Errorf("the healthy target got %d records, want %d", got, want)
				}
				f.want(kinesisEvent(), map[bool]string{true: `{"batchItemFailures":[]}`, false: "null"}[env == report])
			})
		}
	}
}

// TestSNSFailure asserts that a failure of an SNS source is an error even if stream
// mappings ask for more.
func TestSNSFailure(t *testing.T) {
	aws := startAWS(t)
	aws.OnCall(refuse("copy", 0))
	f := start(t, aws, report, targetsFile(t, `targets: [{sourceArn: "`+alerts+`", id: copy, type: kinesis, destination: copy, active: true}]`))
	f.want(snsEvent("disk full"), `error: 1 of 1 records failed at target "copy": kinesis copy: KMSAccessDeniedException: its encryption key cannot be used: enable the key, or grant its use`)
	aws.OnCall(nil)
	f.want(snsEvent("disk full"), `{"batchItemFailures":[]}`)
}

func TestErrors(t *testing.T) {
	good := kinesisEvent(put{"shardId-000000000000", "1", "k", "one"})
	dir := t.TempDir()
	missing, broken := filepath.Join(dir, "missing.yaml"), filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("targets:\n- id: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const records = "aws:kinesis, aws:dynamodb, aws:sns and aws:sqs"
	const sources = "aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka"

	for name, tt := range map[string]struct {
		env         []string
		event, want string
	}{
		"empty Records":  {nil, `{"Records":[]}`, "null"},
		"no Records":     {nil, `{"version":"0","detail-type":"Scheduled Event"}`, `error: the event has no Records, only "version", "detail-type"; fanout accepts events from ` + sources},
		"unknown source": {nil, `{"Records":[{"eventSource":"aws:s3","s3":{}}]}`, `error: the event's Records[0] comes from "aws:s3"; fanout accepts ` + records},
		"not an object":  {nil, `[1]`, `error: the event is a list, not an object with Records from ` + sources},
		"not JSON":       {nil, `{"Records":[`, "error: the event is not JSON: it ends too early, at byte 12"},
		"missing file":   {[]string{"FANOUT_TARGETS_FILE=" + missing}, good, "error: the targets file " + missing + " cannot be read: no such file or directory"},
		"broken file":    {[]string{"FANOUT_TARGETS_FILE=" + broken}, good, "error: " + broken + ":2: the file is neither YAML nor JSON: did not find expected node content"},
		"missing table": {[]string{"FANOUT_TABLE=nowhere"}, good, "error: the targets of " + orders + ` are unknown: the target table "nowhere" does not exist` +
			" in this account and region; create it, or name an existing one with FANOUT_TABLE (run and redrive: --table)"},
		"no credentials": {[]string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, good, "error: the targets of " + orders + ` are unknown: the target table "fanoutTargets" cannot be read,` +
			" because there are no AWS credentials; give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		"wrong variables": {[]string{"FANOUT_IN_FLIGHT=many", "FANOUT_CONFIG_TTL=soon"}, good, `error: the variable FANOUT_CONFIG_TTL is "soon"; it must be seconds or a duration, such as "60" or "1m"` +
			"\n" + `the variable FANOUT_IN_FLIGHT is "many"; it must be a whole number of at least 1`},
	} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t)
			setTargets(aws)
			f := start(t, aws, tt.env...)
			for range 2 { // an error does not end the process
				f.want(tt.event, tt.want)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	event := kinesisEvent(put{"shardId-000000000000", "12", "k", "one"}, put{"shardId-000000000001", "9", "k", "two"}, put{"shardId-000000000000", "11", "k", "three"})
	const all = `{"batchItemFailures":[{"itemIdentifier":"11"},{"itemIdentifier":"9"}]}`

	t.Run("near", func(t *testing.T) {
		aws := startAWS(t)
		setTargets(aws, item("copy", "kinesis", "copy", nil))
		f := start(t, aws, report)
		if a := f.invoke(event, 100*time.Millisecond); a.Failure == nil || !strings.Contains(a.Failure.Message, "were not read in time") {
			t.Errorf("before the targets are known the function answered %s, %v", a.Payload, a.Failure)
		}
		f.want(event, `{"batchItemFailures":[]}`)
		if a := f.invoke(event, 100*time.Millisecond); string(a.Payload) != all {
			t.Errorf("the function answered %s, %v", a.Payload, a.Failure)
		}
		if got := data(aws, "kinesis/copy"); len(got) != 3 {
			t.Errorf("%q arrived, but only one event had time", got)
		}
	})

	t.Run("a target hangs", func(t *testing.T) {
		aws := startAWS(t)
		setTargets(aws, item("hangs", "kinesis", "hangs", nil), item("healthy", "firehose", "healthy", nil))
		aws.OnCall(func(c awsfake.Call) *awsfake.Fault {
			if c.Destination == "hangs" {
				return &awsfake.Fault{Delay: time.Hour}
			}
			return nil
		})
		f := start(t, aws, report, "FANOUT_DEADLINE_MARGIN=9s") // far more than an answer takes, even on a busy machine
		left := 10 * time.Second
		deadline := time.Now().Add(left)
		a := f.invoke(event, left)
		if string(a.Payload) != all || a.At.After(deadline) {
			t.Errorf("the function answered %s, %v, %v before the deadline", a.Payload, a.Failure, deadline.Sub(a.At))
		}
		if got := data(aws, "firehose/healthy"); len(got) != 3 {
			t.Errorf("the healthy target got %q", got)
		}
	})
}

// TestManyInvocations sends many events, because the runtime reads each into the same
// buffer.
func TestManyInvocations(t *testing.T) {
	aws := startAWS(t)
	setTargets(aws, item("copy", "kinesis", "copy", nil), item("queue", "sqs", "https://sqs.eu-west-1.amazonaws.com/123456789012/queue", map[string]any{"collapse": "none"}))
	f := start(t, aws)
	var want []string
	for n := range 20 {
		var puts []put
		for i := range 1 + (n*7)%13 {
			d := fmt.Sprintf("%d/%d %s", n, i, strings.Repeat(string(rune('a'+n)), 1<<(n%12)))
			puts = append(puts, put{"shardId-000000000000", fmt.Sprint(n*100 + i), "k", d})
			want = append(want, d)
		}
		f.want(kinesisEvent(puts...), "null")
	}
	for _, d := range []string{"kinesis/copy", "sqs/queue"} {
		if diff := cmp.Diff(count(want), count(data(aws, d))); diff != "" {
			t.Errorf("%s: %s", d, diff)
		}
	}
}

// count returns how often each value occurs in all.
func count(all []string) map[string]int {
	n := make(map[string]int, len(all))
	for _, s := range all {
		n[s]++
	}
	return n
}

func TestConfigTTL(t *testing.T) {
	event := kinesisEvent(put{"shardId-000000000000", "1", "k", "one"})
	queries := func(aws *awsfake.Server) (n int) {
		for _, c := range aws.Calls() {
			if c.Operation == "Query" {
				n++
			}
		}
		return n
	}

	t.Run("kept", func(t *testing.T) {
		aws := startAWS(t)
		setTargets(aws, item("copy", "kinesis", "before", nil))
		f := start(t, aws)
		for range 3 {
			f.want(event, "null")
			setTargets(aws, item("copy", "kinesis", "after", nil))
		}
		if n, got := queries(aws), len(data(aws, "kinesis/before")); n != 1 || got != 3 {
			t.Errorf("%d queries, and %d of 3 records went where they went before", n, got)
		}
	})

	t.Run("read again", func(t *testing.T) {
		aws := startAWS(t)
		setTargets(aws, item("copy", "kinesis", "before", nil))
		f := start(t, aws, "FANOUT_CONFIG_TTL=1ns")
		f.want(event, "null")
		setTargets(aws, item("copy", "kinesis", "after", nil))
		f.want(event, "null")

		aws.OnCall(func(c awsfake.Call) *awsfake.Fault {
			if c.Service == "dynamodb" {
				return &awsfake.Fault{Code: "AccessDeniedException"}
			}
			return nil
		})
		f.want(event, "null")
		stale := f.entries("the targets could not be read again, so the last good ones are used")
		if len(stale) != 1 || stale[0].Level != "warn" || !strings.Contains(stale[0].Error, `"fanoutTargets" cannot be read: access is denied`) {
			t.Errorf("the log says %+v", stale)
		}

		aws.OnCall(nil)
		setTargets(aws, item("copy", "kinesis", "last", nil))
		f.want(event, "null")
		got := map[string]int{}
		for _, d := range aws.Destinations() {
			got[d] = len(aws.Records(d))
		}
		if diff := cmp.Diff(map[string]int{"kinesis/before": 1, "kinesis/after": 2, "kinesis/last": 1}, got); diff != "" {
			t.Error(diff)
		}
	})
}
