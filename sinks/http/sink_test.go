package http

import (
	"bytes"
	"context"
	"errors"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/xray"
	"fanout/sinks"
)

const webhookSecret = `{"key":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"none":       nil,
		"bearer":     withSecret(sinks.AuthBearer, `{"token":"t"}`),
		"hmac":       withSecret(sinks.AuthHMAC, webhookSecret),
		"sigv4":      signed,
		"rate limit": func(o *Options) { o.RateLimit = 100_000 },
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				s := start(t)
				return enginetest.SinkHarness{
					Sink: openOn(t, s, change), Accepted: s.accepted,
					Break: func() { s.script(answer{status: 503}) },
				}
			})
		})
	}
}

func signed(o *Options) {
	o.Auth, o.Signing, o.Region = sinks.AuthSigV4, executeAPI, "eu-west-1"
	o.Credentials = credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", "session")
}

func TestStatus(t *testing.T) {
	retryAfter := nethttp.Header{"Retry-After": {"7"}}
	for _, tt := range []struct {
		answer answer
		want   engine.Class
		after  time.Duration
		says   string
	}{
		{answer{status: 408}, engine.Retryable, 0, "HTTP status 408 Request Timeout"},
		{answer{status: 409}, engine.Retryable, 0, ""},
		{answer{status: 425, header: retryAfter}, engine.Retryable, 7 * time.Second, ""},
		{answer{status: 429, header: retryAfter}, engine.Throttled, 7 * time.Second, ""},
		{answer{status: 500}, engine.Retryable, 0, ""},
		{answer{status: 501}, engine.Retryable, 0, ""},
		{answer{status: 503, header: nethttp.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(nethttp.TimeFormat)}}}, engine.Throttled, 15 * time.Minute, ""},
		{answer{status: 599}, engine.Retryable, 0, ""},
		{answer{status: 413}, engine.TooLarge, 0, "larger than the server takes"},
		{answer{status: 400}, engine.Refused, 0, "the server refuses the record"},
		{answer{status: 422}, engine.Refused, 0, ""},
		{answer{status: 401}, engine.Permanent, 0, "check auth"},
		{answer{status: 403}, engine.Permanent, 0, "check auth"},
		{answer{status: 404}, engine.Permanent, 0, "correct it"},
		{answer{status: 410}, engine.Permanent, 0, "correct it"},
		{answer{status: 301, header: nethttp.Header{"Location": {"https://other.example.com/x?key=s3cr3t"}}}, engine.Permanent, 0, "it leads to https://other.example.com, and fanout follows no redirect"},
		{answer{status: 302, header: nethttp.Header{"Location": {"/login"}}}, engine.Permanent, 0, "it leads to http://127.0.0.1"},
		{answer{status: 307, header: nethttp.Header{"Location": {"/login"}}}, engine.Permanent, 0, "it leads to http://127.0.0.1"},
		{answer{status: 308}, engine.Permanent, 0, "it leads to"},
		{answer{status: 304}, engine.Permanent, 0, ""},
		{answer{hangUp: true}, engine.Retryable, 0, "the connection failed, so it is unknown"},
	} {
		s := start(t)
		tt.answer.body = "s3cr3t"
		if tt.answer.status == 304 {
			tt.answer.body = ""
		}
		s.script(tt.answer)
		err := send(t, openOn(t, s, nil), "s3cr3t")
		e, ok := errors.AsType[*engine.Error](err)
		if !ok || e.Class != tt.want || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cr3t") || !strings.HasPrefix(err.Error(), "http 127.0.0.1:") {
			t.Errorf("%+v gives %v of class %v", tt.answer, err, engine.ClassOf(err))
			continue
		}
		if e.After > tt.after || e.After < tt.after-time.Minute {
			t.Errorf("status %d: the wait is %v", tt.answer.status, e.After)
		}
		if n := s.requests(); n != 1 {
			t.Errorf("status %d: %d requests", tt.answer.status, n)
		}
	}
}

func TestDelivered(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 206, 226, 299} {
		s := start(t)
		s.script(answer{status: status})
		if err := send(t, openOn(t, s, nil), "{}"); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	const id = "/shardId-000000000000/4900/0"
	for _, tt := range []struct {
		name, data string
		change     func(*Options)
		want       map[string]string // "-": missing
	}{
		{"JSON", `{"a":1}`, nil, map[string]string{"Content-Type": "application/json", "Content-Encoding": "-", "Authorization": "-", "User-Agent": "fanout", "Webhook-Signature": "-", "X-Amzn-Trace-Id": "-"}},
		{"text", `a`, nil, map[string]string{"Content-Type": "application/octet-stream"}},
		{"nothing", ``, nil, map[string]string{"Content-Type": "application/octet-stream"}},
		{"own", `{}`, func(o *Options) { o.Headers = `{"content-type":"text/csv","X-Tenant":"7","User-Agent":"me"}` },
			map[string]string{"Content-Type": "text/csv", "X-Tenant": "7", "User-Agent": "me"}},
		{"messages", `{"Records":[]}`, func(o *Options) { o.Collapse = sinks.CollapseJSON }, map[string]string{"Content-Type": "application/json"}},
		{"concatenated", `{}`, func(o *Options) { o.Collapse = sinks.CollapseConcat }, map[string]string{"Content-Type": "application/octet-stream"}},
		{"gzip", "\x1f\x8b", func(o *Options) { o.Compress, o.Collapse = "gzip", sinks.CollapseJSON }, map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"}},
		{"zstd", "\x28\xb5", func(o *Options) { o.Compress = "zstd" }, map[string]string{"Content-Type": "application/octet-stream", "Content-Encoding": "zstd"}},
		{"cloudevents", `{}`, func(o *Options) { o.Envelope, o.Collapse = sinks.EnvelopeCloudEvents, sinks.CollapseNone }, map[string]string{"Content-Type": "application/cloudevents+json"}},
		{"bearer", `{}`, withSecret(sinks.AuthBearer, `{"token":"abc"}`), map[string]string{"Authorization": "Bearer abc"}},
		{"basic", `{}`, withSecret(sinks.AuthBasic, `{"username":"me","password":"a:b"}`), map[string]string{"Authorization": "Basic bWU6YTpi"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t)
			if err := send(t, openOn(t, s, tt.change), tt.data); err != nil {
				t.Fatal(err)
			}
			got := s.last()
			tt.want["Accept-Encoding"] = "identity"
			for name, want := range tt.want {
				values := got.Values(name)
				if len(values) == 0 != (want == "-") || len(values) > 0 && values[0] != want {
					t.Errorf("%s is %q; want %s", name, values, want)
				}
			}
			if key := got.Get("Idempotency-Key"); !strings.HasSuffix(key, id) || key != got.Get("Webhook-Id") {
				t.Errorf("the id is %s, and %s", key, got.Get("Webhook-Id"))
			}
			if string(s.accepted()[0]) != tt.data {
				t.Errorf("the body is %q", s.accepted()[0])
			}
		})
	}
}

// The id is the same for the same records, and another one for others.
func TestID(t *testing.T) {
	s := start(t)
	a, b := record("{}"), record("{}")
	b.Seq = "4901"
	dotted := record("{}")
	dotted.Lane = "arn:aws:sns:eu-west-1:123456789012:a.fifo"
	merged := engine.Merge([]engine.Record{a, b}, engine.Bytes([]byte("{}")))
	again := engine.Merge([]engine.Record{a, b}, engine.Bytes([]byte("{} ")))
	ids := make(map[string]int)
	for _, r := range []engine.Record{a, b, dotted, merged, a, b, dotted, again} {
		sink := openOn(t, s, nil)
		if o := sink.Send(t.Context(), []engine.Record{r}); !o.OK() {
			t.Fatal(o.Err(0))
		}
		id := s.last().Get("Idempotency-Key")
		if strings.ContainsAny(id, ". ") || len(id) > 128 {
			t.Errorf("the id is %s", id)
		}
		ids[id]++
	}
	for id, n := range ids {
		if n != 2 || len(ids) != 4 {
			t.Errorf("%s was there %d times, of %d ids", id, n, len(ids))
		}
	}
}

func TestTraceHeader(t *testing.T) {
	trace := xray.New("", nil).Begin("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	s := start(t)
	sink := openOn(t, s, nil)
	if o := sink.Send(trace.For(t.Context(), xray.Target{ID: "t"}), []engine.Record{record("{}")}); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if got := s.last().Get("X-Amzn-Trace-Id"); !strings.HasPrefix(got, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=") {
		t.Errorf("the trace header is %q", got)
	}
}

// The body of a request that was answered early is never that of another request.
func TestEarlyAnswer(t *testing.T) {
	s := start(t)
	s.Config.Handler = nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(nethttp.StatusRequestEntityTooLarge) })
	err := send(t, openOn(t, s, nil, sinks.RecordBytes(maxBytes)), strings.Repeat("x", 8<<20))
	// net/http reports the answer, or the connection that the server closed.
	if c := engine.ClassOf(err); err == nil || c != engine.TooLarge && c != engine.Retryable {
		t.Errorf("%v of class %v", err, engine.ClassOf(err))
	}
}

func TestLimits(t *testing.T) {
	s := start(t)
	for bytes, want := range map[int]int{0: defaultBytes, 6 << 20: 6 << 20, maxBytes + 1: defaultBytes} {
		if l := openOn(t, s, nil, sinks.RecordBytes(bytes)).Limits(); l.Records != 1 || l.RecordBytes != want || l.Pace != nil {
			t.Errorf("maxRecordBytes %d: %+v", bytes, l)
		}
	}
}

func TestNewFaults(t *testing.T) {
	for _, tt := range []struct {
		url    string
		o      Options
		reason string
	}{
		{"https://user:secret@host/", Options{}, "the URL of the target is invalid"},
		{"ftp://host/", Options{}, "the URL of the target is invalid"},
		{"https://host/", Options{Headers: `{"Host":"x"}`}, "Host cannot be set"},
		{"https://host/", Options{Auth: "digest"}, `the unknown auth "digest"`},
		{"https://host/", Options{Auth: sinks.AuthBearer}, "has no secret with the token"},
		{"https://host/", Options{Auth: sinks.AuthSigV4}, "must be signed"},
	} {
		if _, err := New(tt.url, tt.o); err == nil || !strings.Contains(err.Error(), tt.reason) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", tt.url, err)
		}
	}
}

// A cancelled request returns, with records that may have arrived.
func TestCancelled(t *testing.T) {
	s := start(t)
	arrived, done := make(chan struct{}), make(chan struct{})
	s.Config.Handler = nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {
		close(arrived)
		<-done
	})
	defer close(done)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	o := openOn(t, s, nil).Send(ctx, []engine.Record{record("{}")})
	if err := o.Err(0); engine.ClassOf(err) != engine.Retryable || !strings.Contains(err.Error(), "it is unknown which records arrived") {
		t.Errorf("%v", err)
	}
}

func BenchmarkSend(b *testing.B) {
	s := start(b)
	sink := openOn(b, s, nil)
	batch := []engine.Record{record(`{"a":"` + string(bytes.Repeat([]byte("x"), 1000)) + `"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if o := sink.Send(b.Context(), batch); !o.OK() {
			b.Fatal(o.Err(0))
		}
	}
}
