package xray

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	root   = "Root=1-5759e988-bd862e3fe1be46a994272793"
	parent = "Parent=53995c3f42cd8ad8"
)

func TestBegin(t *testing.T) {
	for header, want := range map[string]string{ // what requests get beside root, parent and decision
		root + ";" + parent + ";Sampled=1":                                   "",
		root + "; " + parent + "; Sampled=1":                                 "",
		"Sampled=1;" + parent + ";Self=1-2-3;" + root + ";Lineage=1:a;New=x": "Lineage=1:a;New=x",
	} {
		trace := New("", nil).Begin(header)
		if trace == nil {
			t.Fatalf("%s is not traced", header)
		}
		got := Header(trace.For(context.Background(), Target{"s", "t"}))
		if !strings.HasPrefix(got, root+";Parent="+trace.segment(Target{"s", "t"}).id+";Sampled=1") || !strings.HasSuffix(got, strings.Trim(want, ";")) {
			t.Errorf("%s became %s", header, got)
		}
	}
	for _, header := range []string{
		"", root, root + ";" + parent, root + ";" + parent + ";Sampled=0", root + ";" + parent + ";Sampled=?", parent + ";Sampled=1", root + ";Sampled=1",
		`Root=1";` + parent + ";Sampled=1", root + ";Parent=x y;Sampled=1", root + ";" + parent + ";Sampled=1;Long=" + strings.Repeat("x", maxRest),
	} {
		if New("", nil).Begin(header) != nil {
			t.Errorf("%q is traced", header)
		}
	}
	if ctx := With(context.Background(), nil); From(ctx) != nil || Header(ctx) != "" {
		t.Error("there is a trace without one")
	}
}

// Targets of several sources have subsegments of their own.
func TestSegments(t *testing.T) {
	trace := New("", nil).Begin(root + ";" + parent + ";Sampled=1")
	ctx := With(context.Background(), trace)
	if From(ctx) != trace {
		t.Error("the trace is lost")
	}
	seen := make(map[string]bool)
	for _, to := range []Target{{"a", "1"}, {"a", "2"}, {"b", "1"}} {
		seen[Header(trace.For(ctx, to))], seen[Header(trace.For(ctx, to))] = true, true
	}
	if len(seen) != 3 {
		t.Errorf("%d trace headers", len(seen))
	}
}

func TestDocument(t *testing.T) {
	trace := New("", nil).Begin(root + ";" + parent + ";Sampled=1")
	s := &segment{"0123456789abcdef", time.UnixMilli(1763800000500)}
	got := string(document(trace, s, "arn", &Result{ID: "a\"<é>" + strings.Repeat("x", 300), Type: "sqs", End: time.UnixMilli(1), Delivered: 1, Failed: 2, Throttled: 3, Bytes: 4}))
	want := `{"format":"json","version":1}
{"name":"a____` + strings.Repeat("x", 195) + `","id":"0123456789abcdef","trace_id":"1-5759e988-bd862e3fe1be46a994272793","parent_id":"53995c3f42cd8ad8","type":"subsegment","namespace":"remote",` +
		`"start_time":1763800000.5,"end_time":1763800000.5,"fault":true,"throttle":true,` +
		`"annotations":{"delivered":1,"failed":2,"source":"arn","target":"a\"\u003cé\u003e` + strings.Repeat("x", 300) + `","type":"sqs"},` +
		`"metadata":{"fanout":{"already":0,"bytes":4,"diverted":0,"dropped":0,"filtered":0,"requests":0,"retries":0,"throttled":3}}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDaemon(t *testing.T) {
	for address, want := range map[string]string{"": DefaultDaemon, "10.0.0.1:3000": "10.0.0.1:3000", "tcp:127.0.0.1:2000 udp:127.0.0.2:2001": "127.0.0.2:2001", "udp:127.0.0.2:2001 tcp:127.0.0.1:2000": "127.0.0.2:2001"} {
		if got := New(address, nil).daemon; got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
