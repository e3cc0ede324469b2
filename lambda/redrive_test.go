package lambda_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/redrive"
	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// envelopes returns the envelopes in the queue "dead".
func (a *account) envelopes() (all []envelope.Envelope) {
	a.t.Helper()
	for _, r := range a.Records("sqs/dead") {
		e, err := envelope.Parse(r.Data)
		if err != nil {
			a.t.Fatal(err)
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(x, y envelope.Envelope) int { return envelope.Compare(&x, &y) })
	return all
}

// redrive delivers envelopes to target t of source, which must take n of them.
func (a *account) redrive(r *redrive.Delivery, source string, all []envelope.Envelope, n int) (reasons []string) {
	a.t.Helper()
	done, results, err := r.Deliver(a.t.Context(), source, "t", all)
	if err != nil {
		a.t.Fatal(err)
	}
	took := 0
	for _, d := range done {
		if d {
			took++
		}
	}
	delivered := 0
	for _, res := range results {
		t := res.Report.Targets[0]
		delivered += t.Delivered + t.Diverted
		for _, f := range t.Failures {
			reasons = append(reasons, f.Err.Error())
		}
	}
	if took != n || delivered != n {
		a.t.Errorf("%d of %d envelopes are done and %d were delivered, want %d: %v", took, len(all), delivered, n, reasons)
	}
	return reasons
}

const dead = `id: dead, type: sqs, collapse: none, destination: "` + queue + `dead", onFailure: ""`

// A redrive delivers refused records in their original form, from every source, whether or
// not stages had run.
func TestRedriveRoundTrip(t *testing.T) {
	binary := []byte("\x00\xff<&>\u2028")
	sources := map[string]struct {
		arn   string
		event string
	}{
		"kinesis":  {orders, eventOf(kinesisRecord{orders, "shardId-000000000000", "9", "a", []byte("one")}, kinesisRecord{orders, "shardId-000000000000", "10", "b", binary})},
		"dynamodb": {customers, eventOf(insertedItem{"1", "ann"}, insertedItem{"2", "bob"})},
		"sns":      {alerts, eventOf(notification{"m1", "fire"}, notification{"m2", "water"})},
	}
	for name, attributes := range map[string]string{
		"as it is":    `type: sqs, collapse: none, destination: "` + queue + `out"`,
		"stages":      `type: sqs, collapse: none, deaggregate: true, convertDDB: true, appendNewlines: true, destination: "` + queue + `out"`,
		"decompress":  `type: sqs, collapse: none, decompress: auto, destination: "` + queue + `out"`,
		"cloudevents": `type: sqs, collapse: none, envelope: cloudevents, convertDDB: true, destination: "` + queue + `out"`,
		"old image":   `type: sqs, collapse: none, view: OLD_IMAGE, destination: "` + queue + `out"`,
		"both":        `type: sqs, collapse: none, view: NEW_AND_OLD_IMAGES, convertDDB: true, destination: "` + queue + `out"`,
		"event":       `type: sqs, view: EVENT, convertDDB: true, appendNewlines: true, destination: "` + queue + `out"`,
		"collapsed":   `type: sqs, convertDDB: true, appendNewlines: true, destination: "` + queue + `out"`,
		"bounded":     `type: sqs, collapse: none, batchRecords: 1, destination: "` + queue + `out"`,
		"fifo":        `type: sqs, collapse: none, parallel: false, destination: "` + queue + `out.fifo"`,
		"function":    `type: lambda, destination: out`,
		"users":       `type: lambda, deaggregate: true, destination: out`,
		"images":      `type: lambda, convertDDB: true, destination: out`,
		"lines":       `type: lambda, deaggregate: true, convertDDB: true, appendNewlines: true, destination: out`,
	} {
		for kind, source := range sources {
			for how, refuses := range map[string]string{"by itself": "", "in a stage or before": ", maxRecordBytes: 5"} {
				t.Run(name+"/"+kind+"/"+how, func(t *testing.T) {
					at := map[bool]string{true: "lambda/out", false: "sqs/out"}[strings.Contains(attributes, "lambda")]
					if strings.Contains(attributes, ".fifo") {
						at += ".fifo"
					}
					want := open(t, targets(source.arn, "id: t, "+attributes))
					want.deliver(source.event)

					got := open(t, targets(source.arn, "id: t, onFailure: dead, "+attributes+refuses)+inactive(source.arn))
					got.OnCall(func(c awsfake.Call) *awsfake.Fault {
						if !strings.HasPrefix(c.Destination, "dead") {
							return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
						}
						return nil
					})
					got.deliver(source.event)
					if n := len(got.Records(at)); n > 0 {
						t.Fatalf("%d records arrived although they were refused", n)
					}
					got.OnCall(nil)
					again := open(t, targets(source.arn, "id: t, "+attributes))
					all := got.envelopes()
					again.redrive(redrive.NewDelivery(again.Handler, sinks.Spec{}), source.arn, all, len(all))
					if diff := cmp.Diff(arrived(want, at), arrived(again, at)); diff != "" {
						t.Errorf("(-at first +by redrive)\n%s", diff)
					}
				})
			}
		}
	}
}

// inactive is the target of envelopes.
func inactive(source string) string {
	return fmt.Sprintf("- {sourceArn: %q, active: false, %s}\n", source, dead)
}

// arrived returns the data and ids at a destination, without their grouping into events or
// messages, which may differ.
func arrived(a *account, destination string) []string {
	var data, ids []string
	for _, r := range a.Records(destination) {
		text := string(r.Data)
		if inner, ok := strings.CutPrefix(text, `{"Records":[`); ok {
			text = strings.TrimSuffix(inner, "]}")
		}
		data, ids = append(data, text), append(ids, r.GroupID+" "+r.DeduplicationID)
	}
	slices.Sort(data)
	slices.Sort(ids)
	return []string{strings.Join(data, ","), strings.TrimSpace(strings.Join(ids, " "))}
}

// No record of a key passes one that failed, in this call or a later one, until that
// has been delivered.
func TestRedriveKeepsOrder(t *testing.T) {
	a := open(t, targets(orders, `id: t, type: sqs, collapse: none, appendNewlines: true, parallel: false, destination: "`+queue+`out"`))
	var all []envelope.Envelope
	for i := range 6 {
		all = append(all, envelope.Envelope{
			Version: 1, Source: orders, Target: "t", Shard: "s", Sequence: fmt.Sprint(9 + i), Key: "k",
			Data: fmt.Append(nil, i), Staged: i%2 == 0,
		})
	}
	r := redrive.NewDelivery(a.Handler, sinks.Spec{})
	a.OnCall(func(awsfake.Call) *awsfake.Fault {
		if len(a.Records("sqs/out")) == 2 {
			return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
		}
		return nil
	})
	reasons := a.redrive(r, orders, all[:5], 2)
	if !slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(s, "it was not sent") }) {
		t.Errorf("the reasons are %q", reasons)
	}
	a.OnCall(nil)
	a.redrive(r, orders, all[5:], 0)
	a.redrive(r, orders, all[2:], 4)
	var got []string
	for _, rec := range a.Records("sqs/out") {
		got = append(got, string(rec.Data))
	}
	if diff := cmp.Diff([]string{"0", "1\n", "2", "3\n", "4", "5\n"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An envelope without the key that the target gives it may have the key of any other.
func TestRedriveKeepsOrderOfNewKeys(t *testing.T) {
	a := open(t, targets(orders, `id: t, type: sqs, collapse: none, key: '"k"', parallel: false, destination: "`+queue+`out"`))
	var all []envelope.Envelope
	for i, key := range []string{"k", "source", "k", "source", "k"} {
		all = append(all, envelope.Envelope{
			Version: 1, Source: orders, Target: "t", Shard: "s", Sequence: fmt.Sprint(9 + i), Key: key,
			Data: fmt.Append(nil, i), Staged: key == "k",
		})
	}
	r := redrive.NewDelivery(a.Handler, sinks.Spec{})
	a.OnCall(func(awsfake.Call) *awsfake.Fault {
		if len(a.Records("sqs/out")) == 1 {
			return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
		}
		return nil
	})
	a.redrive(r, orders, all, 1)
	a.redrive(r, orders, all[2:], 0)
	a.OnCall(nil)
	a.redrive(r, orders, all[1:], 4)
	var got []string
	for _, rec := range a.Records("sqs/out") {
		got = append(got, string(rec.Data))
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A queue that holds a target's envelopes gets none during their redrive.
func TestRedriveDoesNotGoRound(t *testing.T) {
	here := sinks.Destination{Name: "dead", Account: "123456789012", Region: "eu-west-1"}
	there := here
	there.Region = "us-east-1"
	for from, want := range map[sinks.Destination]int{here: 0, there: 1, {Name: "dead"}: 0, {Name: "other"}: 1} {
		a := open(t, targets(orders, `id: t, type: sqs, collapse: none, maxRecordBytes: 2, oversize: drop, onFailure: dead, destination: "`+queue+`out"`)+inactive(orders))
		a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{Type: builtin.Type("sqs"), Destination: from}), orders, []envelope.Envelope{{Version: 1, Source: orders, Target: "t", Data: []byte("large"), Staged: true}}, want)
		if n := len(a.Records("sqs/dead")); n != want {
			t.Errorf("from %v: %d records went to the target's onFailure, want %d", from, n, want)
		}
	}
}

// A file that holds a target's envelopes gets none during their redrive, by any path to the
// file.
func TestRedriveDoesNotGoRoundInAFile(t *testing.T) {
	dir := t.TempDir()
	file, link, other := filepath.Join(dir, "dead.jsonl"), filepath.Join(dir, "link"), filepath.Join(dir, "other")
	for _, name := range []string{file, other} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]int{file: 0, link: 0, other: 1, filepath.Join(dir, "none"): 1, "": 1} {
		a := open(t, targets(orders, `id: t, type: sqs, collapse: none, maxRecordBytes: 2, onFailure: dead, destination: "`+queue+`out"`)+
			fmt.Sprintf("- {sourceArn: %q, id: dead, type: file, active: false, destination: %q}\n", orders, file))
		a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{Destination: sinks.Destination{Path: from}}), orders, []envelope.Envelope{{Version: 1, Source: orders, Target: "t", Data: []byte("large"), Staged: true}}, want)
		text, err := os.ReadFile(file)
		if n := bytes.Count(text, []byte("\n")); err != nil || n != want {
			t.Errorf("from %q: %d envelopes went to the target's onFailure, want %d; %v", from, n, want, err)
		}
		if err := os.Truncate(file, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRedriveTarget(t *testing.T) {
	a := open(t, targets(orders, `id: t, type: sqs, destination: "`+queue+`out"`, `id: bad, type: sqs, destination: ":"`)+inactive(orders))
	r := redrive.NewDelivery(a.Handler, sinks.Spec{})
	for _, c := range []struct{ source, id, want string }{
		{orders, "t", "<nil>"},
		{orders, "bad", "is neither the URL nor the ARN of a queue"},
		{orders, "dead", `the target "dead" of ` + orders + " is not active; activate it, or name another one"},
		{orders, "x", orders + ` has no target "x"; add it, or name another one`},
		{"orders", "t", `"orders" is not the ARN of`},
	} {
		spec, err := r.Target(t.Context(), c.source, c.id)
		if !strings.Contains(fmt.Sprint(err), c.want) || err == nil && spec.ID != c.id {
			t.Errorf("target %s of %s: %v, %v; want %q", c.id, c.source, spec, err, c.want)
		}
		if err == nil {
			continue
		}
		done, results, err := r.Deliver(t.Context(), c.source, c.id, []envelope.Envelope{{Shard: "s", Sequence: "7"}})
		if err != nil || done[0] || results[0].Records() != 1 || results[0].Report.Targets[0].Failed != 1 || !strings.Contains(results[0].Report.Targets[0].Failures[0].Err.Error(), c.want) {
			t.Errorf("target %s of %s: %v, %+v, %v", c.id, c.source, done, results, err)
		}
	}
}

// If the targets cannot be read, no outcome is reported for any envelope.
func TestRedriveWithoutTargets(t *testing.T) {
	a := open(t, targets(orders), func(o *lambda.Options) { o.TargetsFile, o.Table = "", "t" })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done, results, err := redrive.NewDelivery(a.Handler, sinks.Spec{}).Deliver(ctx, orders, "t", make([]envelope.Envelope, 2))
	if err == nil || results != nil || done[0] || len(done) != 2 || !strings.Contains(err.Error(), "the targets of "+orders+" are unknown") {
		t.Errorf("%v, %v, %v", done, results, err)
	}
}

// A message of several records does not pass for the first of them.
func TestRedriveMessage(t *testing.T) {
	a := open(t, targets(orders, `id: t, type: sqs, destination: "`+queue+`out.fifo"`, `id: u, type: sqs, destination: "`+queue+`out"`))
	r := redrive.NewDelivery(a.Handler, sinks.Spec{})
	several := envelope.Envelope{Version: 1, Shard: "s", Sequence: "7", Key: "k", Action: "PUT", Data: []byte("several"), Staged: true, Records: 3}
	one := several
	one.Data, one.Records = []byte("one"), 0
	for _, id := range []string{"t", "u"} {
		if done, _, err := r.Deliver(t.Context(), orders, id, []envelope.Envelope{several, one}); err != nil || !done[0] || !done[1] {
			t.Error(done, err)
		}
	}
	if got := a.Records("sqs/out.fifo"); len(got) != 2 || got[0].GroupID != "k" {
		t.Errorf("the queue took %+v", got)
	}
	for _, m := range a.Records("sqs/out") {
		if string(m.Data) == "several" && len(m.Attributes) > 0 {
			t.Errorf("a message of several records has the attributes %v", m.Attributes)
		}
	}
}

// A record that was unreadable at the source is not delivered as an empty one.
func TestRedriveUnreadable(t *testing.T) {
	broken := `{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"` + orders + `","eventID":"s:1","kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"?"}}]}`
	a := open(t, targets(orders, `id: t, type: sqs, collapse: none, onFailure: dead, destination: "`+queue+`out"`)+inactive(orders))
	a.deliver(broken)
	all := a.envelopes()
	if len(all) != 1 || !all[0].Unreadable || !strings.Contains(string(all[0].Event), `"data":"?"`) {
		t.Fatalf("the envelope is %+v", all)
	}
	reasons := a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{Type: builtin.Type("sqs"), Destination: sinks.Destination{Name: "dead"}}), orders, all, 0)
	if len(a.Records("sqs/out")) > 0 || !strings.Contains(fmt.Sprint(reasons), "could not be read") {
		t.Errorf("it was delivered, or failed with %q", reasons)
	}
}
