package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"fanout/internal/cli/ui"
	"fanout/lambda"
)

// explain prints the path of records from each source. It fails if a target is faulty.
func explain(ctx context.Context, w io.Writer, h *lambda.Handler, sources []string) error {
	faulty := false
	for i, source := range sources {
		plan, err := h.Explain(ctx, source)
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n%s", source, plan)
		if !hasTargets(plan) {
			fmt.Fprintln(w, "(no active target)")
		}
		faulty = faulty || strings.Contains(plan, "\n✗ ")
	}
	if faulty {
		return ui.Failed(ui.ErrReported)
	}
	return nil
}

// readable checks that the targets of all sources can be read. The function caches
// them. nowhere joins an error for each source without an active target; it is nil if
// there is none, or if records may go nowhere.
func (f *runFlags) readable(ctx context.Context, h *lambda.Handler, sources []string) (nowhere, err error) {
	for _, source := range sources {
		plan, err := h.Explain(ctx, source)
		if err != nil {
			return nil, err
		}
		if !hasTargets(plan) && f.unknownSource != "ignore" {
			nowhere = errors.Join(nowhere, ui.Failed(fmt.Errorf(
				"%s has no active target, so its records would go nowhere; check the attributes sourceArn and active of the targets", source)))
		}
	}
	return nowhere, nil
}

// hasTargets reports whether a plan is more than its root.
func hasTargets(plan string) bool { return strings.Count(plan, "\n") > 1 }
