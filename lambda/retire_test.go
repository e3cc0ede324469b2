package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// closing is a sink with connections that logs its name when they are closed.
type closing struct {
	name   string
	closed *[]string
	send   func()
}

func (*closing) Limits() engine.Limits           { return engine.Limits{} }
func (*closing) Sizer() func(*engine.Record) int { return nil }

func (c *closing) Send(context.Context, []engine.Record) (o engine.Outcome) {
	c.send()
	return o
}

func (c *closing) Close() error {
	*c.closed = append(*c.closed, c.name)
	return errors.New("the connection is closed already")
}

// changing is a store with a target for each of ids, written as id or as id/region.
type changing struct{ ids string }

func (c *changing) Targets(context.Context, string) (set target.Set, err error) {
	for id := range strings.FieldsSeq(c.ids) {
		id, region, _ := strings.Cut(id, "/")
		set.Targets = append(set.Targets, target.Loaded{ID: id, Spec: sinks.Spec{ID: id, Region: region, Type: builtin.Type("redis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone}})
	}
	return set, nil
}

// openClosing returns a handler whose sinks note when they are closed.
func openClosing(t *testing.T, store *changing) (h *Handler, closed *[]string, send *func()) {
	t.Helper()
	o := DefaultOptions()
	o.Metrics = metrics.ModeNone
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	closed, send = new([]string), new(func())
	*send = func() {}
	h.store = store
	h.openSink = func(_ sinks.Env, s *sinks.Spec) (engine.Sink, error) {
		if s.Region == "nowhere" {
			return nil, errors.New("there is no such region")
		}
		return &closing{s.ID + "/" + s.Region, closed, func() { (*send)() }}, nil
	}
	return h, closed, send
}

const closingEvent = `{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/closing",` +
	`"eventID":"shardId-000000000000:1","kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"b25l"}}]}`

// The connections of a target are closed when its configuration changes or is removed, not
// earlier. Other targets' connections stay.
func TestReplacedTargetsAreClosed(t *testing.T) {
	store := new(changing)
	h, closed, _ := openClosing(t, store)
	for _, step := range []struct {
		ids, closed string
	}{
		{"a b", ""}, {"a b", ""},
		{"a b/eu-west-1", "b/"},
		{"a b/eu-west-1 c", ""},
		{"a b/nowhere c", "b/eu-west-1"},
		{"a b c", ""},
		{"a a", ""}, // no plan can be made of these, so the last one goes on
		{"a/eu-west-1 a", "a/eu-west-1"},
		{"b c", "a/"},
		{"b", "c/"},
	} {
		store.ids, *closed = step.ids, nil
		_, err := h.Invoke(t.Context(), []byte(closingEvent))
		if wrong := strings.Contains(step.ids, "nowhere") || strings.Contains(step.ids, " a"); wrong != (err != nil) {
			t.Errorf("%s: %v", step.ids, err)
		}
		if got := strings.Join(*closed, " "); got != step.closed {
			t.Errorf("%s: closed %q, want %q", step.ids, got, step.closed)
		}
	}
}

// A run that is under way keeps its sinks, however often the configuration changes
// meanwhile.
func TestRunsKeepTheirSinks(t *testing.T) {
	store := &changing{"a b"}
	h, closed, send := openClosing(t, store)
	entered, leave := make(chan struct{}, 2), make(chan struct{})
	*send = func() {
		entered <- struct{}{}
		<-leave
	}
	done := make(chan error, 1)
	go func() {
		_, err := h.Invoke(context.Background(), []byte(closingEvent))
		done <- err
	}()
	for range 2 {
		select {
		case <-entered:
		case err := <-done:
			t.Fatalf("the run ended: %v", err)
		}
	}
	for i := range 3 {
		store.ids = fmt.Sprint("a c/", i)
		if _, err := h.Explain(t.Context(), "arn:aws:kinesis:eu-west-1:123456789012:stream/closing"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"c/0", "c/1"}, *closed); diff != "" {
		t.Errorf("during the run: %s", diff)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"c/0", "c/1", "b/"}, *closed); diff != "" {
		t.Errorf("after the run: %s", diff)
	}
}
