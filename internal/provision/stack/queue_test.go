package stack

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
)

const failuresARN = "arn:aws:sqs:" + region + ":" + account + ":failures"

func withQueue(name string) Settings {
	set := settings()
	set.Failures = &name
	return set
}

// The queue is made once, with the right to send to it, and stays without the flag.
func TestFailuresQueue(t *testing.T) {
	f := newFake()
	f.items = append(f.items, item("a", "kinesis", true))
	got, _, err := deploy(t, f, withQueue("failures"))
	if err != nil || got["queue failures"] != cloud.Created {
		t.Fatalf("%v, %v", got, err)
	}
	q := f.queues["failures"]
	if q.tags["fanout:function"] != "orders" || q.attributes["MessageRetentionPeriod"] != "1209600" {
		t.Errorf("the queue is %+v", q)
	}
	if v := f.function.Environment.Variables["FANOUT_ON_FAILURE"]; v != failuresARN {
		t.Errorf("the variable is %q", v)
	}
	for _, set := range []Settings{withQueue("failures"), settings()} { // the second names none
		f.writes = 0
		if got, _, err := deploy(t, f, set); err != nil || f.writes != 0 || got["queue failures"] != cloud.Unchanged {
			t.Errorf("again: %v, %v, %d writes", got, err, f.writes)
		}
	}
	// Another table has other targets; the policy follows them, and still has the queue.
	if p := f.policies["fanout-eu-west-1"]; !strings.Contains(p, failuresARN) || !strings.Contains(p, "sqs:SendMessage") {
		t.Errorf("the policy is %s", p)
	}
	delete(f.queues, "failures")
	if got, _, err := deploy(t, f, settings()); err != nil || got["queue failures"] != cloud.Created {
		t.Errorf("after its deletion: %v, %v", got, err)
	}
	if got, _, err := deploy(t, f, withQueue("")); err != nil || got["function orders"] != cloud.Updated || got["queue failures"] != cloud.Kept {
		t.Errorf("without: %v, %v", got, err)
	}
	if v := f.function.Environment.Variables["FANOUT_ON_FAILURE"]; v != "" || strings.Contains(f.policies["fanout-eu-west-1"], failuresARN) || f.queues["failures"] == nil {
		t.Errorf("the variable is %q, the policy %s", v, f.policies)
	}
}

// A queue that the function no longer uses is named once, with its records.
func TestFormerQueue(t *testing.T) {
	const redrive = "fanout redrive --queue " + failuresARN + " --function orders --region " + region
	for name, tt := range map[string]struct {
		next   string
		change func(*fake)
		want   string
	}{
		"another": {"more", func(f *fake) { f.queues["failures"].attributes["ApproximateNumberOfMessages"] = "3" },
			"the function no longer uses it, but it has about 3 undelivered records; deliver them with " + redrive},
		"none":            {"", func(*fake) {}, "the function no longer uses it, and it is empty; delete it yourself if nothing else uses it"},
		"the same by ARN": {failuresARN, func(*fake) {}, ""},
		"gone":            {"", func(f *fake) { clear(f.queues) }, ""},
		"no right": {"", func(f *fake) {
			f.fail = func(op string) error {
				if op == "GetQueueUrl" {
					return apiError("AccessDeniedException", "no")
				}
				return nil
			}
		}, "the function no longer uses it; if it has records, deliver them with " + redrive},
	} {
		f := newFake()
		if _, _, err := deploy(t, f, withQueue("failures")); err != nil {
			t.Fatal(err)
		}
		tt.change(f)
		for _, want := range []string{tt.want, ""} {
			_, d, err := deploy(t, f, withQueue(tt.next))
			got := ""
			for _, r := range d.Resources {
				if r.Kind == "queue" && r.Outcome == cloud.Kept {
					got += r.Note
				}
			}
			if err != nil || got != want {
				t.Errorf("%s: %q, want %q, %v", name, got, want, err)
			}
		}
	}
}

// A queue by ARN is neither looked up nor made, now and without the flag; a FIFO queue is made
// as one, and another's queue is not changed.
func TestFailuresQueueOfOthers(t *testing.T) {
	f := newFake()
	const elsewhere = "arn:aws:sqs:us-east-1:999999999999:failures"
	for _, set := range []Settings{withQueue(elsewhere), settings()} {
		got, _, err := deploy(t, f, set)
		if err != nil || got["queue failures"] != cloud.Given || f.function.Environment.Variables["FANOUT_ON_FAILURE"] != elsewhere || len(f.queues) != 0 {
			t.Errorf("%v, %v, %v", got, err, f.function.Environment.Variables)
		}
	}
	if _, _, err := deploy(t, f, withQueue("failures.fifo")); err != nil || f.queues["failures.fifo"].attributes["FifoQueue"] != "true" {
		t.Errorf("%v, %v", f.queues, err)
	}
	f.queues["mine"] = &fakeQueue{attributes: map[string]string{"QueueArn": "arn:aws:sqs:" + region + ":" + account + ":mine"}}
	_, d, err := deploy(t, f, withQueue("mine"))
	i := slices.IndexFunc(d.Resources, func(r Resource) bool { return r.Kind == "queue" })
	if err != nil || i < 0 || d.Resources[i].Outcome != cloud.Unchanged || !strings.HasPrefix(d.Resources[i].Note, "not created by fanout deploy") {
		t.Errorf("%+v, %v", d.Resources, err)
	}
}

// A queue of the own account that was given by ARN stays as it is, even if it is gone. So does
// that of a function without the tag, unless deploy made the queue.
func TestFailuresQueueOfAccount(t *testing.T) {
	for _, tt := range []struct {
		queue  string
		change func(*fake)
		want   cloud.Outcome
	}{
		{failuresARN, func(*fake) {}, cloud.Given},
		{failuresARN, func(f *fake) { f.queues["failures"] = &fakeQueue{tags: map[string]string{"fanout:function": "orders"}} }, cloud.Given},
		{failuresARN, func(f *fake) { delete(f.fnTags, queueTag) }, cloud.Given},
		{"failures", func(f *fake) { delete(f.fnTags, queueTag) }, cloud.Unchanged},
		{"failures", func(f *fake) { delete(f.fnTags, queueTag); f.queues["failures"].tags = nil }, cloud.Given},
		{"failures", func(f *fake) { f.function.Environment.Variables[onFailure] += "2" }, cloud.Given},
		{"failures", func(f *fake) { clear(f.queues) }, cloud.Created},
	} {
		f := newFake()
		if _, _, err := deploy(t, f, withQueue(tt.queue)); err != nil {
			t.Fatal(err)
		}
		tt.change(f)
		want := f.function.Environment.Variables[onFailure]
		for range 2 { // the tag is there then
			got, d, err := deploy(t, f, settings())
			i := slices.IndexFunc(d.Resources, func(r Resource) bool { return r.Kind == "queue" })
			if err != nil || i < 0 || d.Resources[i].Outcome != tt.want || f.function.Environment.Variables[onFailure] != want {
				t.Errorf("%s: %v, %v; want %s", tt.queue, got, err, tt.want)
			}
			if tt.want == cloud.Created {
				break
			}
		}
	}
}

// A dry run knows the ARN of a queue that would be made.
func TestFailuresQueueDryRun(t *testing.T) {
	for _, before := range []bool{false, true} {
		f := newFake()
		f.items = []map[string]dbtypes.AttributeValue{item("a", "kinesis", true)}
		if before {
			if _, _, err := deploy(t, f, settings()); err != nil {
				t.Fatal(err)
			}
		}
		f.writes = 0
		synctest.Test(t, func(t *testing.T) {
			s := f.stack()
			s.DryRun = true
			d, err := s.Deploy(t.Context(), withQueue("failures"))
			i := slices.IndexFunc(d.Resources, func(r Resource) bool { return r.Kind == "queue" })
			if err != nil || f.writes != 0 || i < 0 || d.Resources[i].Outcome != "would be created" {
				t.Fatalf("%+v, %v, %d writes", d.Resources, err, f.writes)
			}
			last := d.Resources[len(d.Resources)-1]
			want := cloud.Changed("variable FANOUT_ON_FAILURE", "(unset)", failuresARN)
			if before && (d.Resources[i].ARN != failuresARN || !slices.Contains(last.Changes, want)) {
				t.Errorf("%+v", d.Resources)
			}
		})
	}
}

// Destroy deletes the queue that deploy made, but no record in it.
func TestDestroyQueue(t *testing.T) {
	for _, tt := range []struct {
		change func(*fake)
		want   string
	}{
		{func(*fake) {}, "queue failures: deleted"},
		{func(f *fake) { f.queues["failures"].attributes["ApproximateNumberOfMessages"] = "3" },
			"queue failures: kept it has about 3 undelivered records; run fanout redrive, or delete the queue yourself"},
		{func(f *fake) { f.queues["failures"].attributes["ApproximateNumberOfMessagesNotVisible"] = "1" },
			"queue failures: kept it has about 1 undelivered records; run fanout redrive, or delete the queue yourself"},
		{func(f *fake) { f.queues["failures"].tags = nil }, "queue failures: kept not created by fanout deploy for this function"},
		{func(f *fake) {
			f.others = []types.FunctionConfiguration{using("bills", map[string]string{onFailure: failuresARN + "2"})}
		}, "queue failures: deleted"},
		{func(f *fake) {
			f.others = []types.FunctionConfiguration{using("bills", map[string]string{onFailure: failuresARN})}
		}, "queue failures: kept the function bills uses it"},
		{func(f *fake) {
			f.others = []types.FunctionConfiguration{using("bills", nil)}
			f.others[0].Environment = &types.EnvironmentResponse{Error: &types.EnvironmentError{}}
		}, "queue failures: kept the function bills may use it; its variables cannot be read"},
		{func(f *fake) { clear(f.queues) }, ""},
		{func(f *fake) {
			f.function.Environment.Variables["FANOUT_ON_FAILURE"] = "arn:aws:sqs:us-east-1:999999999999:failures"
		}, ""},
	} {
		f := newFake()
		if _, _, err := deploy(t, f, withQueue("failures")); err != nil {
			t.Fatal(err)
		}
		tt.change(f)
		got, err := destroy(t, f, DestroyOptions{Function: "orders"})
		i := slices.IndexFunc(got, func(line string) bool { return strings.HasPrefix(line, "queue") })
		line := ""
		if i >= 0 {
			line = got[i]
		}
		if err != nil || line != tt.want || f.function != nil {
			t.Errorf("%q, want %q, %v", line, tt.want, err)
		}
		if kept := f.queues["failures"] != nil; kept && tt.want == "queue failures: deleted" || !kept && strings.Contains(tt.want, ": kept") {
			t.Errorf("%q: the queues are %v", tt.want, f.queues)
		}
	}
}

// Without the right to list functions, the queue stays and the rest goes, with --keep-table.
func TestDestroyQueueUnlisted(t *testing.T) {
	f := newFake()
	if _, _, err := deploy(t, f, withQueue("failures")); err != nil {
		t.Fatal(err)
	}
	f.fail = func(op string) error {
		if op == "ListFunctions" {
			return apiError("AccessDeniedException", "no")
		}
		return nil
	}
	got, err := destroy(t, f, DestroyOptions{Function: "orders", KeepTable: true})
	const want = "queue failures: kept no right to list the functions that may use it; delete the queue yourself if none does"
	if err != nil || !slices.Contains(got, want) || f.queues["failures"] == nil || f.function != nil {
		t.Errorf("%q, %v", got, err)
	}
}
