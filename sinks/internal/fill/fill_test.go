package fill_test

import (
	"context"
	"testing"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks/internal/fill"
)

func TestAppend(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx        context.Context //nolint:containedctx // of the case
		text, want string
		class      engine.Class
	}{
		{t.Context(), "a-${.id}", "a-7", 0},
		{over, "a-${.id}", "a-7", 0}, // a path takes no time
		{t.Context(), "a-${.missing}", "", engine.Permanent},
		{t.Context(), "${def f: f; f}", "", engine.Permanent},
		{over, "${def f: f; f}", "", engine.Retryable},
	} {
		tmpl, err := jq.ParseTemplate(c.text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fill.Append(c.ctx, nil, tmpl, &engine.Record{Data: engine.Bytes([]byte(`{"id":7}`))}, "arn", "sink")
		switch {
		case c.want != "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: %q, %v; want %q", c.text, got, err, c.want)
		case c.want == "" && (err == nil || engine.ClassOf(err) != c.class):
			t.Errorf("%s: %v; want the class %v", c.text, err, c.class)
		}
	}
}
