package lambda_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/kpl"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// withLedger makes two instances of the function share a ledger.
func withLedger(o *lambda.Options) { o.LedgerTable, o.ReportBatchItemFailures = "ledger", true }

// two holds two targets. The second can be made to fail.
var two = []string{"id: a, type: kinesis, destination: a", "id: b, type: kinesis, destination: b"}

// openLedger returns an account whose function has a ledger, and a function that replaces
// it by a new instance.
func openLedger(t *testing.T, targets string) (a *account, renew func()) {
	t.Helper()
	a = open(t, targets, withLedger)
	a.SetTable("ledger", "shard", "batch")
	return a, func() {
		t.Helper()
		o := lambda.DefaultOptions()
		o.Metrics, o.TargetsFile = metrics.ModeNone, a.file
		withLedger(&o)
		cfg, err := lambda.ConfigFromVariables(lambda.At(a.URL()), o.InFlight)
		if err != nil {
			t.Fatal(err)
		}
		if a.Handler, err = lambda.New(o, cfg, lambda.NewLogger(&a.log, o.LogLevel)); err != nil {
			t.Fatal(err)
		}
	}
}

// refuse makes a stream refuse everything until refuse("") is called.
func (a *account) refuse(stream string) {
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Destination != stream {
			return nil
		}
		return &awsfake.Fault{Code: "ResourceNotFoundException"}
	})
}

// operations returns the calls of DynamoDB since the last time.
func (a *account) operations(since *int) (all []string) {
	for _, c := range a.Calls()[*since:] {
		if *since++; c.Service == "dynamodb" {
			all = append(all, c.Operation)
		}
	}
	return all
}

// event is a batch of records of a shard, by their numbers.
func batchOf(seqs ...int) string {
	var records []eventRecord
	for _, seq := range seqs {
		records = append(records, kinesisRecord{orders, "shardId-000000000000", fmt.Sprint(seq), fmt.Sprint("key", seq), fmt.Append(nil, seq)})
	}
	return eventOf(records...)
}

// arrived returns the data that a destination has, in the order of arrival.
func (a *account) arrived(destination string) (all []string) {
	for _, r := range a.Records(destination) {
		all = append(all, string(r.Data))
	}
	return all
}

// A new instance knows the deliveries of a failed batch: whole, from a checkpoint on, and
// in halves. Delivered batches are forgotten. Without failures, nothing is written.
func TestLedger(t *testing.T) {
	a, renew := openLedger(t, targets(orders, two...))
	calls := 0
	for _, step := range []struct {
		name   string
		event  []int
		refuse string
		answer string // first that failed
		a, b   string // the records that arrived
		calls  string
	}{
		{"a clean batch", []int{1, 2}, "", "", "1 2", "1 2", "Query"},
		{"one that fails", []int{9, 10, 11, 12}, "b", "9", "9 10 11 12", "", "Query PutItem"},
		{"the same again: it is known already", []int{9, 10, 11, 12}, "b", "9", "", "", "Query"},
		{"beside it, one of the same range", []int{13, 14, 15}, "a", "13", "", "13 14 15", "Query PutItem"},
		{"its first half", []int{9, 10}, "b", "9", "", "", "Query PutItem"},
		{"its first half, healed", []int{9, 10}, "", "", "", "9 10", "Query DeleteItem"},
		{"its second half", []int{11, 12}, "", "", "", "11 12", "Query DeleteItem"},
		{"from a checkpoint on", []int{14, 15}, "", "", "14 15", "", "Query DeleteItem"},
		{"after all", []int{16}, "", "", "16", "16", "Query"},
	} {
		renew()
		a.refuse(step.refuse)
		before := [2]int{len(a.arrived("kinesis/a")), len(a.arrived("kinesis/b"))}
		want := `{"batchItemFailures":[]}`
		if step.answer != "" {
			want = `{"batchItemFailures":[{"itemIdentifier":"` + step.answer + `"}]}`
		}
		if got := a.answer(batchOf(step.event...)); got != want {
			t.Errorf("%s: the answer is %s", step.name, got)
		}
		got := []string{
			strings.Join(a.arrived("kinesis/a")[before[0]:], " "), strings.Join(a.arrived("kinesis/b")[before[1]:], " "),
			strings.Join(a.operations(&calls), " "),
		}
		if diff := cmp.Diff([]string{step.a, step.b, step.calls}, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	if items := a.Items("ledger"); len(items) != 0 {
		t.Errorf("the ledger still has %v", items)
	}
}

// Batches of one shard that run in parallel, split by key, have interleaved records. An
// entry of one batch says nothing about the other.
func TestLedgerOfInterleavedBatches(t *testing.T) {
	a, renew := openLedger(t, targets(orders, two...))
	a.refuse("b")
	a.answer(batchOf(1, 3, 5))
	a.refuse("")
	renew()
	a.deliver(batchOf(2, 4))
	renew()
	a.deliver(batchOf(1, 3, 5))
	if diff := cmp.Diff([][]string{{"1", "3", "5", "2", "4"}, {"2", "4", "1", "3", "5"}}, [][]string{a.arrived("kinesis/a"), a.arrived("kinesis/b")}); diff != "" {
		t.Error(diff)
	}
}

// A target whose configuration has changed is another one.
func TestLedgerKnowsAChangedTarget(t *testing.T) {
	a, renew := openLedger(t, targets(orders, two...))
	a.refuse("b")
	a.answer(batchOf(1, 2))
	a.refuse("")
	a.configure(targets(orders, "id: a, type: kinesis, destination: c", "id: b, type: kinesis, destination: b"))
	renew()
	a.deliver(batchOf(1, 2))
	if diff := cmp.Diff([]string{"1", "2"}, a.arrived("kinesis/c")); diff != "" {
		t.Error(diff)
	}
}

// A table that is briefly empty does not clear the ledger.
func TestLedgerOutlivesAnEmptyTable(t *testing.T) {
	a, renew := openLedger(t, targets(orders, two...))
	a.refuse("b")
	a.answer(batchOf(1, 2))
	a.configure(targets(orders))
	renew()
	a.answer(batchOf(1, 2))
	a.refuse("")
	a.configure(targets(orders, two...))
	renew()
	a.deliver(batchOf(1, 2))
	if diff := cmp.Diff([][]string{{"1", "2"}, {"1", "2"}}, [][]string{a.arrived("kinesis/a"), a.arrived("kinesis/b")}); diff != "" {
		t.Error(diff)
	}
}

// A failed notification is found by its MessageId, independent of other failures.
func TestLedgerOfNotifications(t *testing.T) {
	a, renew := openLedger(t, targets(alerts, two...))
	a.refuse("b")
	ids := []string{"c0ffee00-0000-4000-8000-000000000001", "0badcafe-0000-4000-8000-000000000002"}
	for _, id := range ids {
		if got := a.answer(eventOf(notification{id, id})); !strings.HasPrefix(got, "error: ") {
			t.Errorf("the answer is %s", got)
		}
	}
	if n := len(a.Items("ledger")); n != 2 {
		t.Errorf("the ledger has %d items", n)
	}
	a.refuse("")
	renew()
	for _, id := range ids {
		a.deliver(eventOf(notification{id, id}))
	}
	if got, items := a.arrived("kinesis/a"), a.Items("ledger"); len(got) != 2 || len(items) != 0 {
		t.Errorf("%v arrived, and the ledger still has %v", got, items)
	}
}

// A DynamoDB stream's events do not name the shard.
func TestLedgerOfChanges(t *testing.T) {
	a, renew := openLedger(t, targets(customers, two...))
	event := eventOf(insertedItem{"111", "x"}, insertedItem{"112", "y"})
	a.refuse("b")
	a.answer(event)
	a.refuse("")
	renew()
	a.deliver(event)
	if n, m := len(a.arrived("kinesis/a")), len(a.arrived("kinesis/b")); n != 2 || m != 2 {
		t.Errorf("%d and %d arrived, want 2 each", n, m)
	}
}

// Records are sent although the ledger cannot be used, which the log says, and it is
// not asked again at once.
func TestLedgerThatFails(t *testing.T) {
	a, _ := openLedger(t, targets(orders, two...))
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		switch {
		case c.Service == "dynamodb":
			return &awsfake.Fault{Code: "AccessDeniedException"}
		case c.Destination == "b":
			return &awsfake.Fault{Code: "ResourceNotFoundException"}
		}
		return nil
	})
	for range 2 {
		if got, want := a.answer(batchOf(1, 2)), `{"batchItemFailures":[{"itemIdentifier":"1"}]}`; got != want {
			t.Errorf("the answer is %s", got)
		}
	}
	if got := a.arrived("kinesis/a"); len(got) != 2 { // the instance remembers
		t.Errorf("%v arrived", got)
	}
	var faults []string
	for _, e := range a.logged() {
		if e.Msg == "ledger" {
			faults = append(faults, e.Level+" "+e.Error)
		}
	}
	if diff := cmp.Diff([]string{
		`warn the ledger "ledger" cannot be used: allow the function's role dynamodb:Query on it`,
		`warn the ledger "ledger" cannot be used: allow the function's role dynamodb:PutItem on it`,
		`warn the ledger "ledger" cannot be used: allow the function's role dynamodb:PutItem on it`,
	}, faults); diff != "" {
		t.Error(diff)
	}
}

// A hanging ledger delays one event in ten seconds, by half a second. A slow write does not
// delay the answer.
func TestLedgerThatHangs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, []byte(targets(orders, "id: a, type: firehose, destination: a", "id: b, type: kinesis, destination: b")), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &ledgerServices{}
		o := lambda.DefaultOptions()
		o.Metrics, o.TargetsFile = metrics.ModeNone, file
		withLedger(&o)
		h, err := lambda.New(o, aws.Config{
			Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAFUNCTION", "made up", ""),
			HTTPClient: &http.Client{Transport: s},
			Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range []struct {
			wait, left, took time.Duration
			refused          bool
		}{
			{0, 10 * time.Second, 500 * time.Millisecond, false},
			{0, 10 * time.Second, 0, false},
			{9999 * time.Millisecond, 10 * time.Second, 0, false},
			{time.Millisecond, 10 * time.Second, 500 * time.Millisecond, false},
			{0, 10 * time.Second, 2 * time.Second, true},
			{0, 1200 * time.Millisecond, 600 * time.Millisecond, true},
		} {
			time.Sleep(step.wait)
			s.refused = step.refused
			ctx, cancel := context.WithTimeout(t.Context(), step.left)
			start := time.Now()
			answer, err := h.Invoke(ctx, []byte(orderEvent([]byte("one"), []byte("two"))))
			if took := time.Since(start); err != nil || took != step.took || strings.Contains(string(answer), "itemIdentifier") != step.refused {
				t.Errorf("event %d: %s, %v after %v; want %v", i, answer, err, took, step.took)
			}
			cancel()
		}
	})
}

// ledgerServices stands for a DynamoDB that hangs, a Firehose that takes the two
// records of a request, and a Kinesis that does so unless it refuses them.
type ledgerServices struct{ refused bool }

func (s *ledgerServices) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	status, answer := http.StatusOK, `{"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}],"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`
	if s.refused && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "PutRecords") {
		status, answer = http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// Children of an aggregate count with their parent.
func TestLedgerOfAggregates(t *testing.T) {
	a, renew := openLedger(t, targets(orders, two[0]+", deaggregate: true", two[1]))
	event := eventOf(kinesisRecord{orders, "shardId-000000000000", "1", "k", kpl.Aggregate(kpl.User{Key: "k", Data: "x"}, kpl.User{Key: "k", Data: "y"}, kpl.User{Key: "k", Data: "z"})}, kinesisRecord{orders, "shardId-000000000000", "2", "k", []byte("plain")})
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Destination != "b" {
			return nil
		}
		return &awsfake.Fault{Code: "ResourceNotFoundException"}
	})
	a.answer(event)
	a.refuse("")
	renew()
	a.deliver(event)
	got := a.arrived("kinesis/a")
	slices.Sort(got)
	if diff := cmp.Diff([]string{"plain", "x", "y", "z"}, got); diff != "" || len(a.arrived("kinesis/b")) != 2 {
		t.Errorf("%s, and %d at the other target", diff, len(a.arrived("kinesis/b")))
	}
}
