// Package cli is the command line of fanout.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"fanout/internal/awserr"
	"fanout/internal/cli/ui"
	"fanout/lambda"
)

// Main runs the command line of this process, with extensions, and ends it.
func Main(extensions ...lambda.Extension) {
	log.SetFlags(0)
	log.SetOutput(io.Discard) // libraries log bytes from servers; see logger
	os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, extensions...))
}

// execute runs the command line and returns its exit status.
func execute(args []string, in io.Reader, out, errs io.Writer, extensions ...lambda.Extension) (status int) {
	out, errs = ui.NewScreen(out), ui.NewScreen(errs)
	catalog, err := lambda.CatalogWith(extensions...)
	if err != nil {
		fmt.Fprintf(errs, "fanout: %v\n", err)
		return exitFailed
	}
	root := newRoot(catalog)
	defer func() {
		if p := recover(); p != nil {
			trace, _ := root.PersistentFlags().GetBool("debug")
			printPanic(errs, p, trace)
			status = exitFailed
		}
	}()
	root.SetArgs(joinBooleans(root, args))
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err = root.ExecuteContext(context.Background())
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, ui.ErrWouldChange):
		return exitChange
	}
	if !errors.Is(err, ui.ErrReported) {
		for line := range strings.Lines(awserr.Plain(err)) { // joined errors
			fmt.Fprintf(errs, "fanout: %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	if _, ok := errors.AsType[*ui.Failure](err); ok {
		return exitFailed
	}
	return exitUsage
}

// printPanic reports in one sentence that fanout itself is at fault. With trace it adds
// the stack.
func printPanic(w io.Writer, p any, trace bool) {
	if !trace {
		fmt.Fprintf(w, "fanout: this is a bug in fanout: %v; please report it with the output of --debug\n", brief(p))
		return
	}
	fmt.Fprintf(w, "fanout: this is a bug in fanout: %v\n%s", p, debug.Stack())
}

// brief is the first line of a panic's value.
func brief(p any) string {
	text, _, _ := strings.Cut(fmt.Sprint(p), "\n")
	return text
}
