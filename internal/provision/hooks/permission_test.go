package hooks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
)

// Topics with long names, or with names that differ only in . and -, have separate
// rights.
func TestStatements(t *testing.T) {
	long := "arn:aws:sns:eu-west-1:123456789012:" + strings.Repeat("x", 250)
	topics := []string{long + "1", long + "2", "arn:aws:sns:eu-west-1:123456789012:a.fifo", "arn:aws:sns:eu-west-1:123456789012:a-fifo"}
	seen := make(map[string]string)
	h, l, _ := newFake()
	for _, topic := range topics {
		id := statement(topic)
		if seen[id] != "" || len(id) > 100 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("the statement of %s is %q, as is that of %q", topic, id, seen[id])
		}
		seen[id] = topic
		if _, err := h.Hook(t.Context(), topic, Settings{}); err != nil {
			t.Error(err)
		}
	}
	if len(l.permissions) != len(topics) {
		t.Errorf("permissions: %v", l.permissions)
	}
}

// Unhook removes the rights that hook gave, with the current or the former form of ids.
// It leaves the rights of other owners and other topics.
func TestForbid(t *testing.T) {
	h, l, _ := newFake()
	before := "fanout-aws_sns_eu-west-1_123456789012_alerts"
	if _, err := h.Hook(t.Context(), topic, Settings{}); err != nil {
		t.Fatal(err)
	}
	others := []cloud.Caller{{Statement: "theirs", Source: topic}, {Statement: before + "2", Source: topic + "2"}}
	l.permissions = append(l.permissions, cloud.Caller{Statement: before, Source: topic})
	l.permissions = append(l.permissions, others...)
	if err := h.Unhook(t.Context(), topic); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(others, l.permissions); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// A statement with the same id lets the topic in only if it is about the topic.
func TestPermitConflict(t *testing.T) {
	h, l, s := newFake()
	l.permissions = []cloud.Caller{{Statement: statement(topic), Source: "arn:aws:sns:eu-west-1:123456789012:other"}}
	_, err := h.Hook(t.Context(), topic, Settings{})
	wantErr(t, err, "the topic "+topic+` cannot be allowed to invoke the function "fanout": `)
	if len(s.subscriptions) > 0 {
		t.Error("a topic was subscribed that cannot invoke the function")
	}
	l.permissions[0].Source = topic
	if did, err := h.Hook(t.Context(), topic, Settings{}); err != nil || did != cloud.Created {
		t.Errorf("%s, %v", did, err)
	}
	l.permissions[0].Source = "arn:aws:sns:eu-west-1:123456789012:other"
	l.refuse["GetPolicy"] = []error{errDenied, errDenied}
	_, err = h.Hook(t.Context(), topic, Settings{})
	wantErr(t, err, `the resource policy of the function "fanout" cannot be looked up: `)
}

// A right that hook gave is not written again, even if Lambda would refuse it.
// Beside a statement of another owner hook writes its own, because that one may allow
// less.
func TestPermitLooksFirst(t *testing.T) {
	h, l, _ := newFake()
	l.permissions = []cloud.Caller{{Statement: "theirs", Source: topic}}
	for range 2 {
		if _, err := h.Hook(t.Context(), topic, Settings{}); err != nil {
			t.Fatal(err)
		}
	}
	added := 0
	for _, call := range l.calls {
		if call == "AddPermission" {
			added++
		}
	}
	if added != 1 || len(l.permissions) != 2 {
		t.Errorf("the right was given %d times: %v", added, l.permissions)
	}
	// A caller without the right to look may have the right to give.
	h, l, _ = newFake()
	l.refuse["GetPolicy"] = []error{errDenied}
	if did, err := h.Hook(t.Context(), topic, Settings{}); err != nil || did != cloud.Created || len(l.permissions) != 1 {
		t.Errorf("%s, %v: %v", did, err, l.permissions)
	}
}
