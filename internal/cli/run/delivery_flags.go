package run

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// minTimeout is the smallest value of --timeout.
const minTimeout = 100 * time.Millisecond

// deliveryFlags are the flags of the commands that deliver records themselves.
type deliveryFlags struct {
	*factory.Factory
	targets, table string
	filesBelow     string
	output         string
	inFlight       int
	timeout        time.Duration
}

// addTargets adds the flags for the source of targets.
func (f *deliveryFlags) addTargets(s *pflag.FlagSet) {
	s.StringVar(&f.targets, "targets", "", "read the targets from this `FILE` in YAML or JSON")
	s.StringVar(&f.table, "table", "", "read the targets from this DynamoDB table, by `NAME` or ARN")
	s.StringVar(&f.filesBelow, "allow-file-targets", "", "let targets of type file in the table write to this `DIR` (default: such targets are faulty)")
}

// addBounds adds the flags for the report and for limits on delivery.
func (f *deliveryFlags) addBounds(cmd *cobra.Command) {
	s := cmd.Flags()
	ui.OneOf(cmd, &f.output, "output", "table", "print the report in this `FORM`: table, or json or yaml for one on standard output too", ui.OutputForms)
	s.IntVar(&f.inFlight, "in-flight", lambda.DefaultOptions().InFlight, "send at most `N` requests at a time to all targets together")
	ui.DurationFlag(s, &f.timeout, "timeout", 5*time.Minute, "process each event or batch for at most this `TIME`")
}

// complete sets the shell's completion of flags. The flags exist, so the errors are
// always nil.
func (f *deliveryFlags) complete(cmd *cobra.Command) {
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.MarkFlagDirname("allow-file-targets")
}

// checkTargets checks that the command line names one source of targets.
func (f *deliveryFlags) checkTargets() error {
	switch {
	case f.targets != "" && f.table != "":
		return errors.New("--targets and --table cannot be combined; use only one")
	case f.targets == "" && f.table == "":
		return errors.New("the targets are missing; add --targets FILE or --table NAME")
	case f.targets != "" && f.filesBelow != "":
		return errors.New("--allow-file-targets has no effect with --targets, where file targets may write anywhere; remove it")
	}
	return nil
}

// checkBounds checks the flags of addBounds.
func (f *deliveryFlags) checkBounds() error {
	switch {
	case f.inFlight < 1:
		return fmt.Errorf("--in-flight is %d; it must be at least 1", f.inFlight)
	case f.timeout < minTimeout:
		return fmt.Errorf("--timeout is %v; it must be at least %v, or no target has time to answer", f.timeout, minTimeout)
	}
	return nil
}

// options returns the function's options.
func (f *deliveryFlags) options() lambda.Options {
	o := lambda.DefaultOptions()
	o.Catalog = f.Catalog
	o.NoVerifyTLS = f.AWS.NoVerifyTLS
	o.Metrics = metrics.ModeNone // metrics belong to the function
	o.Table, o.TargetsFile, o.InFlight = f.table, f.targets, f.inFlight
	o.AllowFileTargets, o.FileTargetsDir, o.Stdout = f.filesBelow != "", f.filesBelow, true
	if dir, err := filepath.Abs(f.filesBelow); err == nil {
		o.FileTargetsDir = dir
	}
	o.DeadlineMargin = min(o.DeadlineMargin, f.timeout/10)
	o.ReportBatchItemFailures = true // the poller resumes at the first failed record
	return o
}
