package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/lines"
	"fanout/internal/cli/ui"
	"fanout/lambda"
	"fanout/lambda/target"
)

// maxEvent is the size at which an event of lines is full, in bytes. It keeps events, and so
// memory, below what Lambda passes to a function (Lambda quotas), but for one long line.
const maxEvent = 4 << 20

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

// lineRun delivers the lines of a file.
type lineRun struct {
	*runFlags
	handler *lambda.Handler
	records *lines.Maker
	first   int  // line that is not handled yet
	handled bool // some lines were handled
}

// runLines delivers a record for each line, batch by batch, until it is interrupted.
func (f *runFlags) runLines(cmd *cobra.Command, h *lambda.Handler, source string, stderr *ui.Live, sum *Summary) error {
	service, _ := target.CheckSource(source) // checked before
	m, err := f.records.Maker(source, service)
	if err != nil {
		return err
	}
	m.Run = uint64(m.Now.UnixMicro()) //nolint:gosec // after 1970
	in, err := lines.Open(f.data, cmd.InOrStdin())
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
	r := lineRun{runFlags: f, handler: h, records: m, first: 1}
	return showing(ctx, stderr, func(ctx context.Context) error { return r.run(ctx, in) }, func() string { return lineStatus(sum.snapshot()) })
}

// run reads the lines and handles them.
func (r *lineRun) run(ctx context.Context, in *lines.Input) error {
	var faulty error
	for number, line := range in.Lines() {
		if ctx.Err() != nil {
			return ui.Failed(fmt.Errorf("interrupted before %s:%d; this line and later ones were not handled", in.Name, r.first))
		}
		if err := r.records.Add(number, line); err != nil {
			faulty = in.At(number, err)
			break
		}
		if r.records.Len() < r.poll.batchSize && r.records.Size() < maxEvent {
			continue
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		r.first = number + 1
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	err := cmp.Or(faulty, in.Err())
	if err != nil && r.handled {
		err = fmt.Errorf("%w; the lines before it were handled, this line and later ones were not", err)
	}
	return err
}

// flush handles the records so far.
func (r *lineRun) flush(ctx context.Context) error {
	if r.records.Empty() {
		return nil
	}
	event, err := r.records.Event()
	if err != nil {
		return err
	}
	r.handled, r.records.Now = true, time.Now()
	if err := r.handle(ctx, r.handler, event); err != nil {
		return ui.Failed(err)
	}
	return nil
}
