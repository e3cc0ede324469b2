package classify

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"fanout/engine"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		header, value string
		want          time.Duration
	}{
		{"Retry-After", "", 0},
		{"Retry-After", "3", 3 * time.Second},
		{"Retry-After", "0", 0},
		{"Retry-After", "-3", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "99999999999999999999", 0},
		{"Retry-After", "2147483647", maxAfter},
		{"Retry-After", "Sun, 22 Nov 2026 08:00:05 GMT", 5 * time.Second},
		{"Retry-After", "Sun, 22 Nov 2026 07:00:00 GMT", 0},
		{"X-Amz-Retry-After", "1500", 1500 * time.Millisecond},
		{"X-Amz-Retry-After", "soon", 0},
	}
	for _, tt := range tests {
		h := http.Header{}
		h.Set(tt.header, tt.value)
		if got := RetryAfter(h, now); got != tt.want {
			t.Errorf("%s: %s means %v; want %v", tt.header, tt.value, got, tt.want)
		}
	}
}

// TestVerdicts asserts that a code has the same verdict in every spelling.
func TestVerdicts(t *testing.T) {
	for code, v := range codes() {
		for _, form := range []string{code, code + "Exception", "AWS.SimpleQueueService." + code, "com.amazonaws.sqs#" + code} {
			if got := verdictOf(form, 0); got != v {
				t.Errorf("%s: %+v; want %+v", form, got, v)
			}
		}
		if v.Why == "" {
			t.Errorf("%s: no reason", code)
		}
	}
}

// FuzzConstraint asserts that the result never contains a parameter's value.
func FuzzConstraint(f *testing.F) {
	for _, s := range []string{"", "v", "' at 'x", "Reason: x", "' at 'a' failed to satisfy constraint: b", "Reason: ' at '"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for message, want := range map[string]string{
			"Value '" + value + "' at 'records' failed to satisfy constraint: Member must be":  "at 'records' failed to satisfy constraint: Member must be",
			"Value " + value + " for parameter MessageGroupId is invalid. Reason: Must be so.": "Reason: Must be so.",
		} {
			if got := constraint(message); got != want {
				t.Errorf("constraint(%q) = %q; want %q", message, got, want)
			}
		}
		if s := Shorten(value); len(s) > maxDetail+len("…") {
			t.Errorf("trim left %d bytes", len(s))
		}
	})
}

// TestClassifySentence asserts that any error becomes one sentence that begins with the
// sink.
func TestClassifySentence(t *testing.T) {
	for _, err := range []error{
		errors.New("plain"),
		&smithy.OperationError{ServiceID: "Kinesis", OperationName: "PutRecords", Err: errors.New("two\nlines")},
		&smithy.GenericAPIError{},
		&smithy.SerializationError{},
	} {
		got := Error("kinesis orders", err)
		if text := got.Error(); !strings.HasPrefix(text, "kinesis orders: ") || strings.Contains(text, "\n") {
			t.Errorf("%T gives %q", err, text)
		}
	}
}

// TestClassifyKeepsAClass asserts that an error keeps the class it has, as credentials
// errors may.
func TestClassifyKeepsAClass(t *testing.T) {
	err := Error("sqs orders", fmt.Errorf("get identity: %w", engine.Errorf(engine.Permanent, "there are no credentials")))
	if engine.ClassOf(err) != engine.Permanent || err.Error() != "sqs orders: there are no credentials" {
		t.Errorf("%v: %v", engine.ClassOf(err), err)
	}
}

func TestMiscounted(t *testing.T) {
	for sent, want := range map[int]string{
		1: "sqs q: 1 record was sent, but the answer is about 0, so it is unknown which records arrived",
		2: "sqs q: 2 records were sent, but the answer is about 0, so it is unknown which records arrived",
	} {
		if err := Miscounted("sqs q", sent, 0); err.Error() != want || engine.ClassOf(err) != engine.Retryable {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
