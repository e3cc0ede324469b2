package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/engine"
	"fanout/engine/plain"
	"fanout/internal/cli/lines"
	"fanout/internal/cli/ui"
	"fanout/internal/poll"
	"fanout/lambda"
	"fanout/lambda/target"
)

// maxEvent is the size at which an event of lines is full, in bytes. It keeps events, and so
// memory, below what Lambda passes to a function (Lambda quotas), but for one long line.
const maxEvent = 4 << 20

// lull is how long lines wait for more before a batch is handled that is not full.
const lull = time.Second

// lineSource returns the source of lines: the one that --source-arn-as names, or else the
// only one in the targets file.
func (f *runFlags) lineSource(s *pflag.FlagSet) (string, error) {
	source := string(f.sourceAs)
	if source == "" {
		var err error
		if source, err = f.onlySource(); err != nil {
			return "", err
		}
	}
	service, _ := target.CheckSource(source) // checked before
	return source, f.records.Check(s, service)
}

// onlySource returns the source of all targets in the targets file.
func (f *runFlags) onlySource() (string, error) {
	if f.Targets == "" {
		return "", errors.New("the source of the lines is missing; add --source-arn-as ARN")
	}
	file, err := f.Catalog.OpenFile(f.Targets)
	if err != nil {
		return "", err
	}
	all, err := file.All()
	if err != nil {
		return "", err
	}
	var sources []string
	for i := range all {
		if source := all[i].Spec.SourceARN; isSource(source) && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	if len(sources) != 1 {
		return "", fmt.Errorf("the source of the lines is unknown, because %s has targets for %s; add --source-arn-as ARN", f.Targets, ui.Count(len(sources), "source"))
	}
	return sources[0], nil
}

// lineRun delivers the lines of files.
type lineRun struct {
	*runFlags
	deliver func(ctx context.Context, event []byte) ([]lambda.Result, error)
	in      *lines.Input
	records *lines.Maker
	sum     *Summary
	first   int  // line that is not handled yet
	last    int  // line that became a record, or part of one
	handled bool // some lines were handled
}

// runLines delivers a record for each line, batch by batch, until it is interrupted.
func (f *runFlags) runLines(cmd *cobra.Command, h *lambda.Handler, source string, stderr *ui.Live, sum *Summary) error {
	service, _ := target.CheckSource(source) // checked before
	m, err := f.records.Maker(source, service)
	if err != nil {
		return err
	}
	m.Run = uint64(m.Now.UnixMicro())
	in, err := lines.Open(cmd.InOrStdin(), f.data...)
	if err != nil {
		return err
	}
	defer in.Close()
	nowhere, err := f.readable(cmd.Context(), h, []string{source})
	if err != nil || nowhere != nil {
		return cmp.Or(err, nowhere)
	}
	if err := h.Unclaimed(cmd.Context(), source); err != nil {
		return ui.Failed(err)
	}
	ctx, stop := ui.UntilInterrupted(cmd.Context(), stderr)
	defer stop()
	r := lineRun{runFlags: f, deliver: h.Handle, in: in, records: m, sum: sum, first: 1}
	sum.settled, sum.Where = true, func(sequence string) string {
		if number, ok := lines.Line(sequence); ok {
			return in.Where(number)
		}
		return ""
	}
	return showing(ctx, stderr, r.run, func() string { return lineStatus(sum.snapshot()) })
}

// numbered is a line with its number.
type numbered struct {
	number int
	text   string
}

// read reads the lines. An interrupt does not end the wait for a line, so another goroutine
// waits. It ends with the lines, or after stop at the next one.
func (r *lineRun) read() (all <-chan numbered, stop func()) {
	some, done := make(chan numbered), make(chan struct{})
	go func() {
		defer close(some)
		for number, text := range r.in.Lines() {
			select {
			case some <- numbered{number, text}:
			case <-done:
				return
			}
		}
	}()
	return some, func() { close(done) }
}

// next returns the next line. There is none, and more is true, if no line came for a while and
// others wait for it.
func (r *lineRun) next(ctx context.Context, all <-chan numbered) (line numbered, more bool) {
	select {
	case line, more = <-all:
		return line, more
	default:
	}
	var waited <-chan time.Time
	if !r.records.Empty() {
		waited = time.After(lull)
	}
	select {
	case <-ctx.Done():
	case line, more = <-all:
	case <-waited:
		more = true
	}
	return line, more
}

// run reads the lines and handles them.
func (r *lineRun) run(ctx context.Context) error {
	var faulty error
	all, stop := r.read()
	defer stop()
	for faulty == nil {
		line, more := r.next(ctx, all)
		if ctx.Err() != nil {
			return ui.Failed(fmt.Errorf("interrupted before %s; this line and later ones were not handled", r.in.Where(r.first)))
		}
		if !more {
			faulty = r.in.Err()
			break
		}
		if line.number > 0 {
			if err := r.records.Add(ctx, line.number, line.text); err != nil {
				faulty = r.in.At(line.number, err)
				break
			}
			r.last = line.number
			if r.records.Len() < r.poll.batchSize && r.records.Size() < maxEvent {
				continue
			}
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		r.first = r.last + 1
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if faulty != nil && r.handled {
		return fmt.Errorf("%w; the lines before it were handled, this line and later ones were not", faulty)
	}
	return faulty
}

// flush handles the records so far. It tries a batch again if a target that keeps order lacks
// records of it, because later lines must not overtake them.
func (r *lineRun) flush(ctx context.Context) error {
	if r.records.Empty() {
		return nil
	}
	event, numbers, err := r.records.Event()
	if err != nil {
		return err
	}
	r.handled, r.records.Now = true, time.Now()
	for tries := 1; ; tries++ {
		results, err := r.handleLines(ctx, event)
		if err != nil {
			return ui.Failed(err)
		}
		id, first, hopeless := stuck(results)
		if first < 0 {
			r.sum.settled = r.sum.settled && !slices.ContainsFunc(results, func(r lambda.Result) bool { return !r.Report.OK() })
			return nil
		}
		if hopeless || tries == OnceTries || !poll.Sleep(ctx, rand.N(time.Second<<tries)) {
			r.sum.settled = false
			return ui.Failed(fmt.Errorf("%s: the target %s did not take this line, and it keeps the order of a key; lines up to %s were handled, later ones were not",
				r.in.Where(numbers[first]), plain.Line(id), r.in.Where(r.last)))
		}
		r.sum.retried = true
	}
}

// handleLines finishes the event even if ctx ends.
func (r *lineRun) handleLines(ctx context.Context, event []byte) ([]lambda.Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
	defer cancel()
	return r.deliver(ctx, event)
}

// stuck returns the first record that failed at a target which keeps order, and that target.
// Without one, first is -1. hopeless says that no further try can help.
func stuck(results []lambda.Result) (id string, first int, hopeless bool) {
	first = -1
	for k := range results {
		r := &results[k]
		for i := range r.Report.Targets {
			t := &r.Report.Targets[i]
			if t.Failed == 0 || !r.Targets[i].Ordered() {
				continue
			}
			at := 0
			for t.Fate(at) != engine.FateFailed {
				at++
			}
			if first < 0 || at < first {
				id, first = t.ID, at
			}
			hopeless = hopeless || slices.ContainsFunc(t.Failures, lasting)
		}
	}
	return id, first, hopeless
}

// lasting reports whether a further try cannot help.
func lasting(f engine.Failure) bool {
	class := engine.ClassOf(f.Err)
	return !f.Diverted && class != engine.Retryable && class != engine.Throttled
}
