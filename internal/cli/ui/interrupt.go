package ui

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// UntilInterrupted returns a context that ends with the first interrupt, which it
// reports to w. The second one ends the process, as does any before the call.
func UntilInterrupted(parent context.Context, w io.Writer) (ctx context.Context, stop func()) {
	ctx, release := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	unhook := context.AfterFunc(ctx, func() {
		release()
		fmt.Fprintln(w, "fanout: finishing the calls in flight; interrupt again to stop at once")
	})
	return ctx, func() {
		unhook()
		release()
	}
}
