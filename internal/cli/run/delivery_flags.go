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

// DeliveryFlags are the flags of the commands that deliver records themselves.
type DeliveryFlags struct {
	*factory.Factory
	Targets, Table string
	filesBelow     string
	Output         string
	InFlight       int
	Timeout        time.Duration
}

// AddTargets adds the flags for the source of targets.
func (f *DeliveryFlags) AddTargets(s *pflag.FlagSet) {
	s.StringVar(&f.Targets, "targets", "", "read the targets from this `FILE` in YAML or JSON")
	s.StringVar(&f.Table, "table", "", "read the targets from this DynamoDB table, by `NAME` or ARN")
	s.StringVar(&f.filesBelow, "allow-file-targets", "", "let targets of type file in the table write to this `DIR` (default: such targets are faulty)")
}

// AddBounds adds the flags for the report and for limits on delivery.
func (f *DeliveryFlags) AddBounds(cmd *cobra.Command) {
	s := cmd.Flags()
	ui.OneOf(cmd, &f.Output, "output", "table", "print the report in this `FORM`: table, or json or yaml for one on standard output too", ui.OutputForms)
	s.IntVar(&f.InFlight, "in-flight", lambda.DefaultOptions().InFlight, "send at most `N` requests at a time to all targets together")
	ui.DurationFlag(s, &f.Timeout, "timeout", 5*time.Minute, "process each event or batch for at most this `TIME`")
}

// Complete sets the shell's completion of flags. The flags exist, so the errors are
// always nil.
func (f *DeliveryFlags) Complete(cmd *cobra.Command) {
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.MarkFlagDirname("allow-file-targets")
}

// CheckTargets checks that the command line names one source of targets.
func (f *DeliveryFlags) CheckTargets() error {
	switch {
	case f.Targets != "" && f.Table != "":
		return errors.New("--targets and --table cannot be combined; use only one")
	case f.Targets == "" && f.Table == "":
		return errors.New("the targets are missing; add --targets FILE or --table NAME")
	case f.Targets != "" && f.filesBelow != "":
		return errors.New("--allow-file-targets has no effect with --targets, where file targets may write anywhere; remove it")
	}
	return nil
}

// CheckBounds checks the flags of addBounds.
func (f *DeliveryFlags) CheckBounds() error {
	switch {
	case f.InFlight < 1:
		return fmt.Errorf("--in-flight is %d; it must be at least 1", f.InFlight)
	case f.Timeout < minTimeout:
		return fmt.Errorf("--timeout is %v; it must be at least %v, or no target has time to answer", f.Timeout, minTimeout)
	}
	return nil
}

// Options returns the function's options.
func (f *DeliveryFlags) Options() lambda.Options {
	o := lambda.DefaultOptions()
	o.Catalog = f.Catalog
	o.NoVerifyTLS = f.AWS.NoVerifyTLS
	o.PrivateHosts = true        // a server on this machine, or in its network
	o.Metrics = metrics.ModeNone // metrics belong to the function
	o.Table, o.TargetsFile, o.InFlight = f.Table, f.Targets, f.InFlight
	o.AllowFileTargets, o.FileTargetsDir, o.Stdout = f.filesBelow != "", f.filesBelow, true
	if dir, err := filepath.Abs(f.filesBelow); err == nil {
		o.FileTargetsDir = dir
	}
	o.DeadlineMargin = min(o.DeadlineMargin, f.Timeout/10)
	o.ReportBatchItemFailures = true // the poller resumes at the first failed record
	return o
}
