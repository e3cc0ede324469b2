package lambda_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
)

// A faulty target fails only its own records. An inactive target gets nothing.
func TestTargetsThatGetNothing(t *testing.T) {
	a := open(t, targets(orders,
		"id: things, type: firehose, destination: 'no/name'",
		"id: good, type: firehose, destination: good",
	)+`- {sourceArn: "`+orders+`", id: retired, type: kinesis, destination: retired, active: false}
`)
	report := a.handle(orderEvent([]byte("one")))[0].Report
	var got []string
	for _, r := range report.Targets {
		text := fmt.Sprintf("%s: %d delivered, %d failed", r.ID, r.Delivered, r.Failed)
		for _, f := range r.Failures {
			text += ", " + strings.ReplaceAll(f.Err.Error(), a.file, "FILE")
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{
		"things: 0 delivered, 1 failed, FILE:2: destination: \"no/name\" is not the name of a deliverystream" +
			" (at most 64 letters, digits and _ . -); write the name, or an ARN like arn:aws:firehose:eu-west-1:123456789012:deliverystream/name",
		"good: 1 delivered, 0 failed",
	}, got); diff != "" {
		t.Error(diff)
	}
	if got := a.Destinations(); len(got) != 1 || got[0] != "firehose/good" {
		t.Errorf("records went to %v", got)
	}
}

// Records of a source without targets fail. Other sources' records do not.
func TestNoTargets(t *testing.T) {
	a := open(t, targets(clicks, "id: x, type: kinesis, destination: x"), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
	event := eventOf(kinesisRecord{clicks, "shard", "7", "k", []byte("click")}, kinesisRecord{orders, "shard", "9", "k", []byte("b")}, kinesisRecord{orders, "shard", "8", "k", []byte("a")})
	if got, want := a.answer(event), `{"batchItemFailures":[{"itemIdentifier":"8"}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := a.arrivals("kinesis/x"); got["click"] != 1 {
		t.Errorf("the other source's records are %v", got)
	}
	var fault string
	for _, e := range a.logged() {
		if e.Target == lambda.NoTarget && e.Level == "error" && e.Source == orders && e.Failed == 2 && len(e.Failures) == 1 {
			fault = e.Failures[0].Error
		}
	}
	want := orders + " has no target in the targets file " + a.file + " (it has targets for " + clicks + "); add one, or set FANOUT_UNKNOWN_SOURCE=ignore to let its records pass undelivered (fanout run: --unknown-source ignore)"
	if fault != want {
		t.Errorf("the log says %s\nwant %s", fault, want)
	}
	if err := a.Unclaimed(t.Context(), orders); err == nil || err.Error() != want {
		t.Errorf("unclaimed: %v", err)
	}
	if err := a.Unclaimed(t.Context(), clicks); err != nil {
		t.Errorf("clicks: %v", err)
	}
}

// A target that is added, or removed, is seen by the next event.
func TestNoTargetsAnyMore(t *testing.T) {
	a := open(t, targets(clicks), func(o *lambda.Options) { o.ConfigTTL = time.Nanosecond })
	fails := func() bool {
		return strings.HasPrefix(a.answer(orderEvent([]byte("one"))), "error: 1 of 1 records failed")
	}
	if !fails() {
		t.Error("no target: the event succeeds")
	}
	a.configure(targets(orders, "id: x, type: kinesis, destination: x"))
	if fails() {
		t.Error("a target is added, and the event fails")
	}
	a.configure(targets(orders))
	if !fails() {
		t.Error("the target is removed: the event succeeds")
	}
}

// With the operator's option, records pass undelivered with a warning if the source has no
// targets or all its targets are inactive.
func TestNoTargetsOnPurpose(t *testing.T) {
	for name, c := range map[string]struct {
		targets string
		ignore  bool
	}{
		"ignored":  {targets(clicks, "id: x, type: kinesis, destination: x"), true},
		"inactive": {`targets: [{sourceArn: "` + orders + `", id: x, type: kinesis, destination: x, active: false}]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, c.targets, func(o *lambda.Options) { o.IgnoreUnknownSource = c.ignore })
			for range 2 {
				if got := a.answer(orderEvent([]byte("one"))); got != "null" {
					t.Errorf("got %s", got)
				}
			}
			log := a.logged()
			if len(log) != 1 || log[0].Msg != "the source has no active target, so its records are acknowledged without delivery" || log[0].Level != "warn" || log[0].Source != orders {
				t.Errorf("the log says %+v", log)
			}
		})
	}
}
