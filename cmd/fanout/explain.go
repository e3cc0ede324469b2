package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"fanout/lambda"
)

// explain prints how the records of each source would travel. It fails if a target
// is faulty.
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
		if strings.Count(plan, "\n") == 1 {
			fmt.Fprintln(w, "(no active target)")
		}
		faulty = faulty || strings.Contains(plan, "\n✗ ")
	}
	if faulty {
		return failed(errReported)
	}
	return nil
}

// readable reports whether the targets of all sources can be read. The function
// keeps them.
func readable(ctx context.Context, h *lambda.Handler, sources []string) error {
	for _, source := range sources {
		if _, err := h.Explain(ctx, source); err != nil {
			return err
		}
	}
	return nil
}
