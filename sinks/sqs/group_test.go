package sqs

import (
	"strings"
	"testing"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// Messages of a standard queue have the group and the attributes of their record.
func TestTemplates(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s := New(cfg, sinktest.QueueURL, "", sinks.Message("S", `{"type":"${.type}"}`, "tenant-${.tenant}"))
	batch := sinktest.Numbered(3)
	for i, data := range []string{`{"type":"a","tenant":1}`, `{"type":"b","tenant":2}`, `{"type":"c"}`} {
		batch[i].Data = engine.Bytes([]byte(data))
	}
	if o := s.Send(t.Context(), batch); o.Err(0) == nil || engine.ClassOf(o.Err(0)) != engine.Refused || !strings.Contains(o.Err(0).Error(), "the group: the record has no value for the place ${.tenant}") {
		t.Errorf("with a record without a group: %v", o.Err(0))
	}
	if o := s.Send(t.Context(), batch[:2]); !o.OK() {
		t.Error(o.Err(0))
	}
	var got []awsfake.Record
	for _, destination := range fake.Destinations() {
		got = append(got, fake.Records(destination)...)
	}
	if len(got) != 2 {
		t.Fatalf("%d messages; want 2", len(got))
	}
	for i, want := range []struct{ group, kind string }{{"tenant-1", "a"}, {"tenant-2", "b"}} {
		if got[i].GroupID != want.group || got[i].Attributes["type"].Value != want.kind || got[i].Attributes["Subject"].Value != "S" {
			t.Errorf("message %d has the group %q and the attributes %v", i, got[i].GroupID, got[i].Attributes)
		}
	}
}
