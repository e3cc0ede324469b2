package message

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
)

// notified returns a record of a notification with a subject and attributes.
func notified(data string) engine.Record {
	return engine.Record{
		Key: "k", Action: "NOTIFICATION", Data: engine.Bytes([]byte(data)),
		Raw: []byte(`{"Sns":{"Subject":"theirs","MessageAttributes":{"type":{"Type":"Number","Value":"1"},"other":{"Type":"String","Value":"o"}}}}`),
	}
}

// The target's attributes replace those of the notification, and key and action.
func TestOwn(t *testing.T) {
	own := Own{Subject: "order ${.id}", Attributes: `{"type":"${.type}","key":"${.id}","team":"checkout"}`, Group: "${.tenant}"}
	for _, c := range []struct {
		subject    bool
		data, want string
	}{
		{true, `{"id":7,"type":"new","tenant":"t 1"}`, "order 7: action=NOTIFICATION key=7 other=o team=checkout type=new"},
		{false, `{"id":7,"type":"new","tenant":"t 1"}`, "theirs: Subject=order 7 action=NOTIFICATION key=7 other=o team=checkout type=new"},
	} {
		form := Form{Name: "sink", Subject: c.subject, MaxAttributes: 10, MaxBytes: 1 << 20}
		form.Set(own)
		r := notified(c.data)
		all, err := form.Fill(t.Context(), []engine.Record{r})
		if err != nil {
			t.Fatal(err)
		}
		f := &all[0]
		var got []string
		size := len(c.data)
		if c.subject {
			size += len("order 7")
		}
		for _, a := range form.Attributes(nil, &r, f) {
			got = append(got, a.Name+"="+a.Value)
			size += len(a.Name) + len(a.Type) + len(a.Value)
		}
		if text := form.SubjectOf(&r, f) + ": " + strings.Join(got, " "); text != c.want {
			t.Errorf("%s; want %s", text, c.want)
		}
		if form.Size(&r) != size {
			t.Errorf("counts %d bytes; want %d", form.Size(&r), size)
		}
		if group := f.Group(); len(group) != 64 { // with a space, so a hash
			t.Errorf("group %q", group)
		}
	}
}

// When the time is over, a record comes again: that its place has no value says nothing of it.
func TestOwnStops(t *testing.T) {
	form := Form{Name: "sink"}
	form.Set(Own{Attributes: `{"a":"${def f: f; f}"}`})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := form.Fill(ctx, []engine.Record{{Data: engine.Bytes([]byte("{}"))}})
	if !errors.Is(err, context.Canceled) || engine.ClassOf(err) != engine.Retryable {
		t.Errorf("%v, of the class %v", err, engine.ClassOf(err))
	}
}

// A record without a value for a template fails alone, and the error names the part.
func TestOwnFaults(t *testing.T) {
	form := Form{Name: "sink", Subject: true, MaxAttributes: 10, MaxBytes: 1 << 20}
	form.Set(Own{Subject: "${.subject}", Attributes: `{"type":"${.type}"}`, Group: "${.tenant}"})
	for data, want := range map[string]string{
		`{"subject":"s","type":"a","tenant":"t"}`:                                       "",
		`{"subject":"s","tenant":"t"}`:                                                  "sink: the attribute type: the record has no value for the place ${.type}",
		`{"subject":"s","type":"\u0000","tenant":"t"}`:                                  "the attribute type is empty or not text",
		`{"subject":"s","type":"a","tenant":null}`:                                      "the group: the record has no value",
		`{"type":"a","tenant":"t"}`:                                                     "the subject: the record has no value",
		`{"subject":"a\nb","type":"a","tenant":"t"}`:                                    "control characters",
		fmt.Sprintf(`{"subject":%q,"type":"a","tenant":"t"}`, strings.Repeat("s", 101)): "more than 100 characters",
		`text`: "expected an object but got string",
	} {
		r := engine.Record{Key: "k", Data: engine.Bytes([]byte(data))}
		_, err := form.Fill(t.Context(), []engine.Record{r})
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", data, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || engine.ClassOf(err) != engine.Refused {
			t.Errorf("%s: %v; want %q", data, err, want)
		}
	}
	form.Set(Own{Attributes: "[]"})
	if _, err := form.Fill(t.Context(), []engine.Record{{}}); err == nil {
		t.Error("attributes that are no object pass")
	}
}
