package xray

import (
	"encoding/json"
	"strings"
	"time"
)

// Result is the outcome at a target.
type Result struct {
	ID, Type   string
	Begin, End time.Time

	Delivered, Already, Filtered, Dropped, Diverted, Failed int
	Requests, Retries, Throttled                            int
	Bytes                                                   int64
}

// head precedes each document in a datagram (X-Ray developer guide, Sending segment documents
// to the X-Ray daemon).
const head = `{"format":"json","version":1}` + "\n"

// subsegment is a document of X-Ray (X-Ray developer guide, AWS X-Ray segment documents).
// X-Ray finds traces by annotations, and only shows metadata.
type subsegment struct {
	Name        string         `json:"name"`
	ID          string         `json:"id"`
	TraceID     string         `json:"trace_id"`
	ParentID    string         `json:"parent_id"`
	Type        string         `json:"type"`
	Namespace   string         `json:"namespace"`
	Start       float64        `json:"start_time"`
	End         float64        `json:"end_time"`
	Fault       bool           `json:"fault,omitempty"`
	Throttle    bool           `json:"throttle,omitempty"`
	Annotations map[string]any `json:"annotations"`
	Metadata    map[string]any `json:"metadata"`
}

// document returns the datagram of a subsegment.
func document(t *Trace, s *segment, source string, r *Result) []byte {
	text, err := json.Marshal(subsegment{
		Name: name(r.ID), ID: s.id, TraceID: t.root, ParentID: t.parent, Type: "subsegment", Namespace: "remote",
		Start: seconds(s.began), End: max(seconds(s.began), seconds(r.End)),
		Fault: r.Failed > 0, Throttle: r.Throttled > 0,
		Annotations: map[string]any{"target": r.ID, "type": r.Type, "source": source, "delivered": r.Delivered, "failed": r.Failed},
		Metadata: map[string]any{"fanout": map[string]any{
			"already": r.Already, "filtered": r.Filtered, "dropped": r.Dropped, "diverted": r.Diverted,
			"requests": r.Requests, "retries": r.Retries, "throttled": r.Throttled, "bytes": r.Bytes,
		}},
	})
	if err != nil {
		return nil // numbers and texts always have a form in JSON
	}
	return append([]byte(head), text...)
}

// maxName is the longest name of a subsegment, in characters.
const maxName = 200

// name returns a name that X-Ray takes: letters, digits, spaces and some signs.
func name(id string) string {
	out := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(" _.:/%&#=+\\-@", r) {
			return r
		}
		return '_'
	}, id)
	return out[:min(len(out), maxName)]
}

// seconds returns a time in seconds since 1970.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
