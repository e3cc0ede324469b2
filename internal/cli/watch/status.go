package watch

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/awserr"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/status"
)

// Bounds on the period to look at. CloudWatch keeps a value for each minute for 15 days, and
// a plot has no room for more.
const (
	leastPeriod = time.Minute
	mostPeriod  = 24 * time.Hour
)

// leastInterval bounds how often --watch asks. CloudWatch has a value a minute, and bills
// each metric that it returns.
const leastInterval = 5 * time.Second

// look has the flags of both commands.
type look struct {
	manage.Command
	period, late, interval time.Duration
}

// lookFlags adds the flags for what to look at. again says who looks again after the interval.
func (l *look) lookFlags(cmd *cobra.Command, period time.Duration, again string) {
	l.FunctionFlags(cmd)
	l.TableFlags()
	ui.DurationFlag(l.Flags, &l.period, "last", period, "look at the last `TIME`, 1m to 24h")
	ui.DurationFlag(l.Flags, &l.late, "max-iterator-age", 15*time.Minute, "call records late that are older than this `TIME` when they reach the function")
	ui.DurationFlag(l.Flags, &l.interval, "interval", 30*time.Second, "wait this `TIME` before "+again+" looks again, at least 5s")
}

func (l *look) check() error {
	if l.period < leastPeriod || l.period > mostPeriod {
		return fmt.Errorf("--last is %s; it must be 1m to 24h", status.Short(l.period))
	}
	if l.late <= 0 {
		return fmt.Errorf("--max-iterator-age is %v; it must be above zero", l.late)
	}
	if l.interval < leastInterval {
		return fmt.Errorf("--interval is %v; it must be at least %v", l.interval, leastInterval)
	}
	return nil
}

// reader reads the function's status.
func (l *look) reader(cmd *cobra.Command, a *cloud.Account) *status.Reader {
	r := status.Of(a, l.Catalog)
	r.Function, r.Table, r.Period, r.Late, r.Args = l.FunctionRef(), l.Table, l.period, l.late, l.Connection(cmd)
	if l.TableARN != "" {
		r.Table = l.TableARN
	}
	return r
}

// NewStatus returns the command `fanout status`.
func NewStatus(c *factory.Factory) *cobra.Command {
	l := look{Command: manage.Command{Factory: c}}
	var follow bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show deliveries, delays and failures of a function",
		Long: `Status shows what a function did in the last minutes: the mapping of each source and
the age of its oldest record, and for each target the records that it got, that failed,
that went to onFailure, and that it did not want. The first line says whether all is
well, and the next one the command that mends it if not. The numbers come from
CloudWatch, which has them about a minute late; reasons come from the function's log.

Status changes nothing. It needs the rights lambda:GetFunctionConfiguration,
lambda:ListEventSourceMappings, dynamodb:Scan, cloudwatch:GetMetricData and
logs:FilterLogEvents, sqs:GetQueueAttributes for queues of failures, and for topics
sns:ListSubscriptionsByTopic and lambda:GetPolicy. With fewer, it shows what it can, and
calls the function healthy only if it could read all that decides this. CloudWatch bills
each metric that it returns: about eight for a target each time.

The exit status is 0 if all is well, and 1 if records are not delivered, are late, or
if status cannot tell. Records that wait for a redrive, or a paused source, do not count.`,
		Example: `  fanout status --function fanout
  fanout status --watch
  fanout status --last 3h --output json
  fanout status --max-iterator-age 1m || echo ill`,
		Args: ui.FlagsOnly,
	}
	l.lookFlags(cmd, 15*time.Minute, "--watch")
	l.Flags.BoolVar(&follow, "watch", false, "show it again and again, in place, until interrupted")
	l.OutputFlag(cmd)
	check := func() error {
		if l.IsSet("interval") && !follow {
			return fmt.Errorf("--interval needs --watch")
		}
		return l.check()
	}
	l.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		v := viewer{out: cmd.OutOrStdout(), output: l.Output, read: l.reader(cmd, a).Read}
		if follow {
			return v.follow(ctx, l.interval)
		}
		return v.once(ctx)
	})
	return cmd
}

// viewer prints snapshots.
type viewer struct {
	out    io.Writer
	output string
	read   func(context.Context) (*status.Snapshot, error)
}

// once prints one snapshot.
func (v *viewer) once(ctx context.Context) error {
	s, err := v.read(ctx)
	if err != nil {
		return err
	}
	return v.end(s)
}

// end prints a snapshot, and fails if it is ill.
func (v *viewer) end(s *status.Snapshot) error {
	if err := v.print(s); err != nil {
		return err
	}
	return verdict(s)
}

func (v *viewer) print(s *status.Snapshot) error {
	if v.output != "table" {
		return ui.Show(v.out, v.output, s, nil)
	}
	_, err := fmt.Fprint(v.out, page(v.out, s))
	return err
}

// follow prints snapshots until ctx ends, and leaves the last one.
func (v *viewer) follow(ctx context.Context, interval time.Duration) error {
	canvas := ui.NewCanvas(v.out)
	defer canvas.Close()
	var now *status.Snapshot
	for {
		s, err := v.read(ctx)
		switch {
		case ctx.Err() != nil && now == nil:
			return ctx.Err()
		case ctx.Err() != nil:
			return v.leave(canvas, now)
		case err != nil && now == nil:
			return err
		case err == nil:
			now = s
		}
		if err := v.paint(canvas, now, err, interval); err != nil {
			return err
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
		}
	}
}

// leave leaves the last snapshot on a terminal, which forgets the canvas. Elsewhere it was
// written already.
func (v *viewer) leave(canvas *ui.Canvas, s *status.Snapshot) error {
	if v.output == "table" && canvas.Transient() {
		canvas.Close()
		return v.end(s)
	}
	return verdict(s)
}

// verdict fails if a snapshot is ill.
func verdict(s *status.Snapshot) error {
	if s.Verdict.Ill() {
		return ui.Failed(ui.ErrReported)
	}
	return nil
}

// paint shows a snapshot in place. late is why it is not of now.
func (v *viewer) paint(canvas *ui.Canvas, s *status.Snapshot, late error, interval time.Duration) error {
	if v.output != "table" {
		return ui.Show(v.out, v.output, s, nil)
	}
	foot := fmt.Sprintf("%s, again every %s; Ctrl-C ends", s.At.Local().Format(time.TimeOnly), status.Short(interval))
	if late != nil {
		foot = fmt.Sprintf("%s; not read since: %s", s.At.Local().Format(time.TimeOnly), awserr.Plain(late))
	}
	return canvas.Paint(page(v.out, s) + "\n" + foot + "\n")
}
