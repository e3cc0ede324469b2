package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

// daemon is an X-Ray daemon that keeps nothing.
type daemon struct {
	t *testing.T
	net.PacketConn
}

func listen(t *testing.T) *daemon {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &daemon{t, conn}
}

// options turn tracing on.
func (d *daemon) options(o *lambda.Options) { o.Tracing, o.TraceDaemon = true, d.LocalAddr().String() }

// subsegment is what the daemon gets.
type subsegment struct {
	Name, ID, Type, Namespace string
	TraceID                   string  `json:"trace_id"`
	ParentID                  string  `json:"parent_id"`
	Start                     float64 `json:"start_time"`
	End                       float64 `json:"end_time"`
	Fault                     bool
	Annotations               struct {
		Target, Type, Source string
		Delivered, Failed    int
	}
	Metadata struct{ Fanout map[string]int }
}

// read returns the next n subsegments by name.
func (d *daemon) read(n int) map[string]subsegment {
	d.t.Helper()
	all := make(map[string]subsegment)
	for range n {
		buf := make([]byte, 1<<16)
		_ = d.SetReadDeadline(time.Now().Add(time.Minute))
		size, _, err := d.ReadFrom(buf)
		if err != nil {
			d.t.Fatal(err)
		}
		head, text, _ := bytes.Cut(buf[:size], []byte("\n"))
		if string(head) != `{"format":"json","version":1}` {
			d.t.Errorf("the datagram begins with %s", head)
		}
		var s subsegment
		if err := json.Unmarshal(text, &s); err != nil {
			d.t.Fatal(err)
		}
		all[s.Name] = s
	}
	return all
}

// traced returns the context of an invocation with a trace header.
func traced(t *testing.T, header string) context.Context {
	return context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:revive,staticcheck // the key of the Lambda runtime's library
}

const (
	root    = "1-5759e988-bd862e3fe1be46a994272793"
	parent  = "53995c3f42cd8ad8"
	sampled = "Root=" + root + ";Parent=" + parent + ";Sampled=1;Lineage=a87bd80c:0"
)

// Every target has a subsegment, and its requests name this subsegment as their parent.
func TestTrace(t *testing.T) {
	d := listen(t)
	a := open(t, targets(orders,
		"id: stream, type: kinesis, destination: out", "id: packed, type: kinesis, destination: packed, aggregate: true",
		"id: lake, type: firehose, destination: out", "id: function, type: lambda, destination: out",
		"id: queue, type: sqs, collapse: none, destination: 'arn:aws:sqs:eu-west-1:123456789012:out'",
		"id: topic, type: sns, destination: 'arn:aws:sns:eu-west-1:123456789012:out'",
		"id: 'ill (!)', type: sqs, destination: 'arn:aws:sqs:eu-west-1:123456789012:ill', onFailure: spare",
		"id: none, type: sqs, destination: 'arn:aws:sqs:eu-west-1:123456789012:none'",
	)+"- {sourceArn: '"+orders+"', active: false, id: spare, type: sqs, destination: 'arn:aws:sqs:eu-west-1:123456789012:spare'}\n", d.options)
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Destination == "ill" || c.Destination == "none" {
			return &awsfake.Fault{Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "none"}
		}
		return nil
	})
	before := float64(time.Now().UnixMicro()) / 1e6
	_, _ = a.Invoke(traced(t, sampled), []byte(orderEvent([]byte("1"), []byte("2"))))
	all := d.read(9)
	for name, s := range all {
		if s.Type != "subsegment" || s.TraceID != root || s.ParentID != parent || len(s.ID) != 16 || s.Namespace != "remote" {
			t.Errorf("%s: %+v", name, s)
		}
		if s.Start < before || s.End < s.Start || s.End > before+60 {
			t.Errorf("%s: from %f to %f; the test began at %f", name, s.Start, s.End, before)
		}
	}
	for name, want := range map[string][2]int{"stream": {2, 0}, "packed": {2, 0}, "lake": {2, 0}, "function": {2, 0}, "queue": {2, 0}, "topic": {2, 0}, "ill (!)": {0, 0}, "none": {0, 2}} {
		s := all[strings.NewReplacer("(", "_", ")", "_", "!", "_").Replace(name)]
		if s.Annotations.Delivered != want[0] || s.Annotations.Failed != want[1] || s.Fault != (want[1] > 0) || s.Annotations.Target != name || s.Annotations.Source != orders {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if n := all["ill ___"].Metadata.Fanout["diverted"]; n != 2 {
		t.Errorf("%d records were diverted", n)
	}
	ids := map[string]string{"kinesis/out": "stream", "kinesis/packed": "packed", "firehose/out": "lake", "lambda/out": "function", "sqs/out": "queue", "sns/out": "topic", "sqs/spare": "spare", "sqs/ill": "ill ___", "sqs/none": "none"}
	for _, c := range a.Calls() {
		if c.Operation == "ListShards" {
			continue
		}
		name := ids[c.Service+"/"+c.Destination]
		if want := "Root=" + root + ";Parent=" + all[name].ID + ";Sampled=1;Lineage=a87bd80c:0"; c.Trace != want {
			t.Errorf("%s of %s has the trace header %q, want %q", c.Operation, name, c.Trace, want)
		}
		delete(ids, c.Service+"/"+c.Destination)
	}
	if len(ids) > 0 {
		t.Errorf("no call to %v", ids)
	}
	for _, r := range a.Records("sqs/out") {
		if !strings.Contains(r.Trace, all["queue"].ID) {
			t.Errorf("a message has the trace header %q", r.Trace)
		}
	}
}

// An invocation that X-Ray does not sample sends nothing, and neither does one without a
// usable header.
func TestUntraced(t *testing.T) {
	d := listen(t)
	a := open(t, targets(orders, "id: queue, type: sqs, destination: 'arn:aws:sqs:eu-west-1:123456789012:out'"), d.options)
	event := []byte(orderEvent([]byte("1")))
	for _, header := range []string{"", "Root=" + root + ";Parent=" + parent + ";Sampled=0", "Root=" + root + ";Sampled=1", "Root=\";Parent=1;Sampled=1", "Sampled=1"} {
		if _, err := a.Invoke(traced(t, header), event); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("_X_AMZN_TRACE_ID", strings.Replace(sampled, root, "1-2", 1))
	if _, err := a.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if s := d.read(1)["queue"]; s.TraceID != "1-2" {
		t.Errorf("the first subsegment is of another invocation: %+v", s)
	}
	for i, c := range a.Calls() {
		if (c.Trace != "") != (i == 5) {
			t.Errorf("call %d has the trace header %q", i, c.Trace)
		}
	}
}

// Without tracing, and without a daemon, records arrive.
func TestNoDaemon(t *testing.T) {
	event := []byte(orderEvent([]byte("1")))
	for address, warning := range map[string]string{
		"127.0.0.1:1": "", "tcp:127.0.0.1:2 udp:xray.example:2000": "the X-Ray daemon gets no subsegments; deliveries go on",
	} {
		a := open(t, targets(orders, "id: queue, type: sqs, destination: 'arn:aws:sqs:eu-west-1:123456789012:out'"),
			func(o *lambda.Options) { o.Tracing, o.TraceDaemon = true, address })
		for range 3 {
			if _, err := a.Invoke(traced(t, sampled), event); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(a.log.String(), "X-Ray daemon"); n > 1 || warning != "" && n != 1 {
			t.Errorf("%s: %d warnings", address, n)
		}
	}
	a := open(t, targets(orders, "id: queue, type: sqs, collapse: none, destination: 'arn:aws:sqs:eu-west-1:123456789012:out'"))
	if _, err := a.Invoke(traced(t, sampled), event); err != nil {
		t.Fatal(err)
	}
	if r := a.Records("sqs/out"); len(r) != 1 || r[0].Trace != "" {
		t.Errorf("%+v", r)
	}
}
