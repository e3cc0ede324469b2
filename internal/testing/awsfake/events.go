package awsfake

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of EventBridge, from the documentation of PutEvents and its entries.
const (
	eventEntries       = 10
	eventBytes         = 1_000_000 // "1 MB"
	eventTimeBytes     = 14
	eventDetailTypeMax = 128
)

type eventEntry struct {
	Detail, DetailType, EventBusName, Source, TraceHeader string
	Resources                                             []string
	Time                                                  *float64
}

// size counts an entry as EventBridge does.
func (e *eventEntry) size() int {
	n := len(e.Detail) + len(e.DetailType) + len(e.Source) + len(strings.Join(e.Resources, ""))
	if e.Time != nil {
		n += eventTimeBytes
	}
	return n
}

// fault returns the error code of an entry, or "".
func (e *eventEntry) fault() string {
	var object map[string]json.RawMessage
	switch {
	case e.Source == "" || e.DetailType == "" || utf8.RuneCountInString(e.DetailType) > eventDetailTypeMax:
		return "InvalidArgument"
	case strings.HasPrefix(e.Source, "aws."):
		return "NotAuthorizedForSourceException"
	case json.Unmarshal([]byte(e.Detail), &object) != nil || object == nil:
		return "MalformedDetail"
	}
	return ""
}

type eventResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

func (s *Server) putEvents(body []byte) (op operation, bad *failure) {
	var in struct{ Entries []eventEntry }
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.records = len(in.Entries)
	if n := len(in.Entries); n == 0 || n > eventEntries {
		return op, invalid("[…]", "entries", "Member must have length less than or equal to 10")
	}
	total := 0
	for i := range in.Entries {
		total += in.Entries[i].size()
	}
	op.destination = lastPart(in.Entries[0].EventBusName, "/")
	if total > eventBytes {
		return op, refusal("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		var out struct {
			FailedEntryCount int
			Entries          []eventResult
		}
		for i := range in.Entries {
			e := &in.Entries[i]
			code, refused := refuse[i]
			if !refused {
				code = e.fault()
			}
			if code != "" {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, eventResult{ErrorCode: code, ErrorMessage: "The entry was refused."})
				continue
			}
			out.Entries = append(out.Entries, eventResult{EventID: fmt.Sprintf("event-%d", i)})
			s.take("eventbridge/"+lastPart(e.EventBusName, "/"), []Record{{Data: []byte(e.Detail), Source: e.Source, DetailType: e.DetailType, Trace: e.TraceHeader}})
		}
		return out, nil
	}
	return op, nil
}
