package run

import (
	"context"
	"fmt"
	"sync/atomic"

	"fanout/engine"
	"fanout/lambda"
	"fanout/sinks"
)

// stdoutTarget remembers a target that writes its records to standard output.
type stdoutTarget struct{ id atomic.Pointer[string] }

// around looks at a target when its sink is opened, and leaves the sink as it is.
func (t *stdoutTarget) around(s *sinks.Spec, sink engine.Sink) engine.Sink {
	if s.Type.Disk && s.Destination.Path == "-" {
		t.id.Store(&s.ID)
	}
	return sink
}

// refuse returns an error if a target of the sources writes to standard output, where the
// report in this form would follow its records. It opens the targets, and sends nothing.
func (t *stdoutTarget) refuse(ctx context.Context, h *lambda.Handler, sources []string, form string) error {
	for _, source := range sources {
		if _, err := h.Explain(ctx, source); err != nil {
			return nil //nolint:nilerr // the run reports it
		}
	}
	if id := t.id.Load(); id != nil {
		return fmt.Errorf("--output %s prints the report to standard output, where the target %q writes its records; let the target write to a file, or remove --output", form, *id)
	}
	return nil
}
