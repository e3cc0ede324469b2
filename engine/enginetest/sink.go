package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"fanout/engine"
)

// SinkHarness is a sink connected to a fake service that CheckSink can script. Each
// harness starts with no state.
type SinkHarness struct {
	Sink engine.Sink

	// Accepted returns the data of the records that the fake service has accepted so
	// far, in order, as they were before the sink encoded them.
	Accepted func() [][]byte

	// Refuse makes the service refuse record i of the next request, and no other, for
	// a reason that may pass. Nil: the service takes a whole request or nothing.
	Refuse func(i int)

	// Break makes the next request fail as a whole, before any record is taken.
	Break func()

	// Record makes a record that the service takes, with distinct data and a distinct
	// key for each n. Nil: a short text.
	Record func(n int) engine.Record
}

func (h *SinkHarness) records(n int) []engine.Record {
	recs := make([]engine.Record, n)
	for i := range recs {
		if h.Record != nil {
			recs[i] = h.Record(i)
			continue
		}
		recs[i] = engine.Record{
			Key: fmt.Sprintf("key-%d", i), Lane: "shardId-000000000000", Seq: fmt.Sprint(1000 + i), Action: "PUT",
			Data: engine.Bytes(fmt.Appendf(nil, `{"n":%d}`, i)),
		}
	}
	return recs
}

// batch is how many records CheckSink puts in a request.
func (h *SinkHarness) batch() int {
	if n := h.Sink.Limits().Records; n > 0 {
		return min(n, 20)
	}
	return 20
}

// CheckSink checks the requirements of engine.Sink: a record that the sink does not
// fail was accepted, byte for byte and in order; a refused record fails alone; a
// broken request fails as a whole, with a class; Send leaves the batch alone,
// returns when its context has ended, and can be called concurrently.
func CheckSink(t *testing.T, open func(t *testing.T) SinkHarness) {
	t.Helper()
	for _, c := range []struct {
		name  string
		check func(t *testing.T, open func(t *testing.T) SinkHarness)
	}{
		{"limits", checkLimits},
		{"delivers every record", checkAll},
		{"delivers a single record", checkOne},
		{"fails a refused record alone", checkRefused},
		{"fails a broken request whole", checkBroken},
		{"returns when its context has ended", checkEnded},
		{"sends concurrently", checkConcurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, open) })
	}
}

func checkLimits(t *testing.T, open func(t *testing.T) SinkHarness) {
	h := open(t)
	l := h.Sink.Limits()
	if l.Records < 0 || l.Bytes < 0 || l.RecordBytes < 0 || l.PerBatch < 0 {
		t.Errorf("negative limit: %+v", l)
	}
	count := engine.SizerOf(h.Sink)
	for _, r := range h.records(3) {
		if size := count(&r); size < r.Data.Len() {
			t.Errorf("a record with %d bytes of data counts %d", r.Data.Len(), size)
		}
	}
}

func checkAll(t *testing.T, open func(t *testing.T) SinkHarness) {
	ctx := t.Context()
	h := open(t)
	recs := h.records(h.batch())
	before := deepCopy(recs)
	if o := h.Sink.Send(ctx, recs); !o.OK() {
		t.Fatalf("Send failed: %v", firstError(&o, len(recs)))
	}
	wantAccepted(t, h, recs)
	for i := range recs {
		if got, want := describe(&recs[i]), describe(&before[i]); got != want {
			t.Errorf("Send changed record %d from\n%s\nto\n%s", i, want, got)
		}
	}
}

func checkOne(t *testing.T, open func(t *testing.T) SinkHarness) {
	ctx := t.Context()
	h := open(t)
	recs := h.records(1)
	if o := h.Sink.Send(ctx, recs); !o.OK() {
		t.Fatalf("Send failed: %v", firstError(&o, 1))
	}
	wantAccepted(t, h, recs)
}

func checkRefused(t *testing.T, open func(t *testing.T) SinkHarness) {
	ctx := t.Context()
	n := open(t)
	for i := range n.batch() {
		h := open(t)
		if h.Refuse == nil {
			return
		}
		recs := h.records(h.batch())
		h.Refuse(i)
		o := h.Sink.Send(ctx, recs)
		var kept []engine.Record
		for k := range recs {
			err := o.Err(k)
			if (err != nil) != (k == i) {
				t.Errorf("record %d refused: record %d has error %v", i, k, err)
			}
			if k != i {
				kept = append(kept, recs[k])
			} else if c := engine.ClassOf(err); c != engine.Retryable && c != engine.Throttled {
				t.Errorf("a refusal that may pass has class %v: %v", c, err)
			}
		}
		wantAccepted(t, h, kept)
		if o := h.Sink.Send(ctx, recs[i:i+1]); !o.OK() {
			t.Errorf("sending record %d again failed: %v", i, firstError(&o, 1))
		}
	}
}

func checkBroken(t *testing.T, open func(t *testing.T) SinkHarness) {
	ctx := t.Context()
	h := open(t)
	recs := h.records(h.batch())
	h.Break()
	o := h.Sink.Send(ctx, recs)
	for i := range recs {
		switch err := o.Err(i); {
		case err == nil:
			t.Errorf("record %d counts as delivered", i)
		case !classified(err):
			t.Errorf("record %d: the error has no class: %v", i, err)
		case strings.Contains(err.Error(), string(recs[i].Data.Bytes())):
			t.Errorf("record %d: the error holds its data", i)
		}
	}
	wantAccepted(t, h, nil)
}

func checkEnded(t *testing.T, open func(t *testing.T) SinkHarness) {
	h := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recs := h.records(2)
	o := h.Sink.Send(ctx, recs)
	accepted := len(h.Accepted())
	for i := range recs {
		if o.Err(i) == nil && accepted == 0 {
			t.Errorf("record %d counts as delivered, and nothing was accepted", i)
		}
	}
}

func checkConcurrent(t *testing.T, open func(t *testing.T) SinkHarness) {
	ctx := t.Context()
	h := open(t)
	const senders = 8
	recs := h.records(senders)
	var wg sync.WaitGroup
	for i := range recs {
		wg.Go(func() {
			if o := h.Sink.Send(ctx, recs[i:i+1]); !o.OK() {
				t.Errorf("Send failed: %v", firstError(&o, 1))
			}
		})
	}
	wg.Wait()
	if got := len(h.Accepted()); got != senders {
		t.Errorf("%d records accepted; want %d", got, senders)
	}
}

func classified(err error) bool {
	_, ok := errors.AsType[*engine.Error](err)
	return ok
}

func firstError(o *engine.Outcome, n int) error {
	for i := range n {
		if err := o.Err(i); err != nil {
			return err
		}
	}
	return nil
}

func wantAccepted(t *testing.T, h SinkHarness, recs []engine.Record) {
	t.Helper()
	got := h.Accepted()
	if len(got) != len(recs) {
		t.Errorf("the service accepted %d records; want %d", len(got), len(recs))
		return
	}
	for i := range recs {
		if want := recs[i].Data.Bytes(); !bytes.Equal(got[i], want) {
			t.Errorf("record %d arrived as %q; want %q", i, got[i], want)
		}
	}
}
