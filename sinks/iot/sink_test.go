package iot

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"
)

const topic = "sensors/a b/ü"

func TestIoTConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		fake, cfg := sinktest.Start(t)
		var next atomic.Pointer[awsfake.Fault]
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
		return enginetest.SinkHarness{
			Sink:     New(cfg, "", topic),
			Accepted: func() [][]byte { return sinktest.DataOf(t, fake.Records("iot/"+topic)) },
			Refuse:   func(i int) { next.Store(&awsfake.Fault{Refuse: map[int]string{i: "InternalFailureException"}}) },
			Break:    func() { next.Store(&awsfake.Fault{Drop: true}) },
			Record:   sinktest.Awkward,
		}
	})
}

// TestIoTMessages asserts that any data arrives unchanged or fails with a reason.
func TestIoTMessages(t *testing.T) {
	tests := []struct {
		name, data string
		says       string
	}{
		{"text", "hello", ""},
		{"empty", "", ""},
		{"binary", "\x00\xFF\r\n", ""},
		{"largest", strings.Repeat("x", maxBytes), ""},
		{"too large", strings.Repeat("x", maxBytes+1), "RequestEntityTooLargeException: the service refuses the record"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			s := New(cfg, "", topic)
			o := s.Send(t.Context(), []engine.Record{{Key: "a\r\n", Data: engine.Bytes([]byte(tt.data))}})
			got := fake.Records("iot/" + topic)
			if err := o.Err(0); tt.says != "" {
				if err == nil || engine.ClassOf(err) != engine.TooLarge || !strings.Contains(err.Error(), tt.says) || len(got) != 0 {
					t.Errorf("error %v, %d messages", err, len(got))
				}
				return
			}
			if !o.OK() || len(got) != 1 || string(got[0].Data) != tt.data {
				t.Errorf("error %v, messages %q", o.Err(0), got)
			}
		})
	}
}

func TestIoTRequest(t *testing.T) {
	w := new(sinktest.Wire)
	s := New(w.Config(), "", topic)
	if o := s.Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if w.URL.Path != "/topics/"+topic || w.URL.RawQuery != "" || string(w.Body) != `{"n":0}` { // so qos is 0, and the message is not retained
		t.Errorf("published %s to %s", w.Body, w.URL)
	}
	if diff := cmp.Diff("iot "+topic, s.String()); diff != "" {
		t.Error(diff)
	}
	if l := s.Limits(); l.Records != 1 || l.RecordBytes != 128<<10 || l.OnePerKey {
		t.Errorf("limits %+v", l)
	}
}

func TestIoTErrors(t *testing.T) {
	sinktest.CheckCodes(t, func(t *testing.T) (*awsfake.Server, engine.Sink) {
		fake, cfg := sinktest.Start(t)
		return fake, New(cfg, "", topic)
	}, map[string]engine.Class{
		"ThrottlingException":         engine.Throttled,
		"ServiceUnavailableException": engine.Throttled,
		"InternalFailureException":    engine.Retryable,
		"InvalidRequestException":     engine.Refused,
		"UnauthorizedException":       engine.Permanent,
		"ForbiddenException":          engine.Permanent,
		"MethodNotAllowedException":   engine.Permanent,
		"ResourceNotFoundException":   engine.Permanent,
	})
}

func BenchmarkIoTSend(b *testing.B) {
	w := &sinktest.Sinkhole{Status: http.StatusOK}
	sinktest.BenchmarkSend(b, New(w.Config(), "", topic), sinktest.Numbered(1))
}

// TestIoTBelievesNoOtherAnswer asserts that only the broker's own answer acknowledges a
// record. The SDK ignores the answer, so a proxy's page passed for it and the record was
// lost.
func TestIoTBelievesNoOtherAnswer(t *testing.T) {
	tests := []struct {
		answer string
		taken  bool
	}{
		{"", true},
		{`{"message":"OK","traceId":"f1"}`, true},
		{"<html><body>Sign in</body></html>", false},
		{`{"message":`, false},
		{`"OK"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Body: []byte(tt.answer)} })
			o := New(cfg, "", topic).Send(t.Context(), sinktest.Numbered(1))
			if o.OK() != tt.taken {
				t.Fatalf("taken: %t, %v", o.OK(), o.Err(0))
			}
			if !tt.taken && (engine.ClassOf(o.Err(0)) != engine.Retryable || !strings.Contains(o.Err(0).Error(), "does not come from AWS IoT")) {
				t.Errorf("%s: %v", engine.ClassOf(o.Err(0)), o.Err(0))
			}
		})
	}
}
