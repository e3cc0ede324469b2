package redrive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/sourcegraph/conc"
	"golang.org/x/time/rate"

	"fanout/engine/plain"
	"fanout/internal/awsname"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/redrive"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/sinks"
	"fanout/sinks/sqs"
)

// redelivery is one run of `fanout redrive`.
type redelivery struct {
	*redriveFlags
	name   string // of the queue or file
	again  *redrive.Delivery
	sum    *run.Summary
	plan   []*redriveStep
	stderr *ui.Live
	pace   *rate.Limiter
}

// chunk is the largest number of records in one call.
const chunk = 5000

// windowSeconds is how long the messages of one window take with --max-per-second. An
// interrupt waits for the window.
const windowSeconds = 10

// paceOf returns the pace of perSecond records a second; 0: no limit.
func paceOf(perSecond int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, chunk)
	}
	return rate.NewLimiter(rate.Limit(perSecond), min(perSecond, chunk))
}

// legible returns an error for a file without a single readable envelope.
func (d *redelivery) legible(letters []redrive.Letter) error {
	if len(letters) > 0 && !slices.ContainsFunc(letters, func(l redrive.Letter) bool { return l.Err == nil }) {
		return fmt.Errorf("%s has no envelopes; line %d: %w", d.name, letters[0].Line, letters[0].Err)
	}
	return nil
}

// fromQueue delivers the envelopes in the queue.
func (d *redelivery) fromQueue(ctx context.Context, h *lambda.Handler, cfg aws.Config) error {
	queue, where, err := d.openQueue(ctx, cfg)
	if err != nil {
		return err
	}
	d.again = redrive.NewDelivery(h, sinks.Spec{Type: sqs.Type, Destination: where})
	defer d.sum.TellLate(d.stderr)()
	counts, err := queue.Run(ctx, d.handle)
	d.sum.Messages = &counts
	return ui.Failed(err)
}

// fromFile delivers the envelopes in a file.
func (d *redelivery) fromFile(ctx context.Context, h *lambda.Handler, letters []redrive.Letter) error {
	from := sinks.Destination{Path: d.file}
	if d.file == "-" {
		from.Path = ""
	}
	d.again = redrive.NewDelivery(h, sinks.Spec{Destination: from})
	all := make([]*redrive.Letter, len(letters))
	for i := range letters {
		all[i] = &letters[i]
	}
	d.hintUnselected(all)
	err := d.handle(ctx, all)
	if d.dryRun {
		return ui.Failed(err)
	}
	return ui.Failed(errors.Join(err, d.keepFailed(all)))
}

// hintUnselected names the targets in a file's envelopes if --target and --source-arn
// select none of them, so that a typo does not look like an empty file.
func (d *redelivery) hintUnselected(letters []*redrive.Letter) {
	var targets []string
	for _, l := range letters {
		if d.only.Wants(l) {
			return
		}
		targets = append(targets, awsname.Target(l.Source, l.Target))
	}
	if len(targets) == 0 {
		return
	}
	slices.Sort(targets)
	targets = slices.Compact(targets)
	const most = 5
	if more := len(targets) - most; more > 0 {
		targets = append(targets[:most], fmt.Sprintf("%d more", more))
	}
	fmt.Fprintf(d.stderr, "fanout: %s has no envelopes for the selected target or source, only for %s\n", d.name, plain.Line(strings.Join(targets, ", ")))
}

// handle delivers letters to their targets in parallel.
func (d *redelivery) handle(ctx context.Context, letters []*redrive.Letter) error {
	var wanted []*redrive.Letter
	for _, l := range letters {
		switch {
		case l.Err != nil:
			d.unreadable(l)
		case d.only.Wants(l):
			wanted = append(wanted, l)
		}
	}
	groups := d.only.Groups(wanted)
	if d.dryRun {
		return d.preview(ctx, groups)
	}
	errs := make([]error, len(groups))
	var wg conc.WaitGroup
	for i, g := range groups {
		d.sum.Expect(g.Source, g.Target)
		wg.Go(func() { errs[i] = d.deliver(ctx, g) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// deliver delivers the letters to one target until ctx ends. It finishes the calls that
// are in flight then.
func (d *redelivery) deliver(ctx context.Context, g *redrive.Group) error {
	for some := range slices.Chunk(g.Letters, d.pace.Burst()) {
		if d.pace.WaitN(ctx, len(some)) != nil {
			return errors.New("interrupted before all records were sent")
		}
		if err := d.send(ctx, g, some); err != nil {
			return err
		}
	}
	return nil
}

func (d *redelivery) send(ctx context.Context, g *redrive.Group, some []*redrive.Letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Timeout)
	defer cancel()
	envelopes := make([]envelope.Envelope, len(some))
	for i, l := range some {
		envelopes[i] = l.Envelope
	}
	done, results, err := d.again.Deliver(ctx, g.Source, g.Target, envelopes)
	for i, l := range some {
		l.Done = done[i]
	}
	if len(results) > 0 {
		d.sum.Add(results)
	}
	return err
}

// unreadable reports a letter that is not an envelope.
func (d *redelivery) unreadable(l *redrive.Letter) {
	d.sum.Unreadable++
	where := d.name
	if l.Line > 0 {
		where = fmt.Sprintf("%s:%d", d.name, l.Line)
	}
	fmt.Fprintf(d.stderr, "fanout: %s: skipped: %v\n", where, l.Err)
}

// keepFailed appends a file's undelivered envelopes to another file, or lists them.
func (d *redelivery) keepFailed(letters []*redrive.Letter) error {
	var lines []string
	var text []byte
	for _, l := range letters {
		if l.Done || l.Err != nil || !d.only.Wants(l) {
			continue
		}
		lines = append(lines, fmt.Sprint(l.Line))
		line, err := l.Marshal()
		if err != nil {
			return fmt.Errorf("%s:%d: the envelope cannot be written: %w", d.name, l.Line, err)
		}
		text = append(append(text, line...), '\n')
	}
	if len(lines) == 0 {
		return nil
	}
	if d.failed == "" {
		const most = 20
		if more := len(lines) - most; more > 0 {
			lines = append(lines[:most], fmt.Sprintf("and %d more", more))
		}
		where := "line"
		if len(lines) > 1 {
			where = "lines"
		}
		fmt.Fprintf(d.stderr, "fanout: %s: the envelopes of %s %s were not delivered\n", d.name, where, strings.Join(lines, ", "))
		return nil
	}
	file, err := os.OpenFile(d.failed, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the envelopes of failed records cannot be kept: %w", err)
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
