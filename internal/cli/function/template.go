package function

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/template"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
)

// templates holds the command's flags.
type templates struct {
	deploy
	mapping manage.MappingFlags
	format  string
	targets string // file
	file    string // output file

	dashboard bool
}

// NewTemplate returns the command `fanout template`.
func NewTemplate(c *factory.Factory) *cobra.Command {
	t := templates{deploy: deploy{Command: manage.Command{Factory: c}}}
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Print the setup as SAM, CloudFormation or Terraform",
		Long: `Template prints the resources that fanout deploy, hook and register create, as
infrastructure as code. It describes the deployed function with its role, table, log
group, mappings and targets. With --targets it instead describes a new function for the
targets of a file, with the settings of the other flags, and makes no AWS calls.

A SAM or CloudFormation template has the targets as metadata, for fanout apply, because
these tools have no resource for an item of a table. Every mapping has
ReportBatchItemFailures.

--alarms adds the CloudWatch alarms that fanout deploy --alarms makes, and --dashboard a
dashboard with the function's name. Both follow targets as they come and go.`,
		Example: `  fanout template --format terraform --function fanout --output-file fanout.tf
  fanout template --format terraform --alarms arn:aws:sns:eu-west-1:123456789012:oncall --dashboard
  fanout template --format sam --targets targets.yaml --memory 256 --batch-size 1000`,
		Args: ui.FlagsOnly,
	}
	names := make([]string, len(template.Formats))
	for i, f := range template.Formats {
		names[i] = string(f)
	}
	t.FunctionFlags(cmd)
	ui.OneOf(cmd, &t.format, "format", "", "print the template in this `FORMAT`: "+ui.Either(names), names)
	t.Flags.StringVar(&t.file, "output-file", "", "write to this `FILE` (default: standard output)")
	t.alarmsFlag("add CloudWatch alarms that write to this SNS `TOPIC`, by ARN (default: those of the function)")
	t.Flags.BoolVar(&t.dashboard, "dashboard", false, "add a CloudWatch dashboard")
	t.Flags.StringVar(&t.targets, "targets", "", "describe a new function for the targets in this `FILE` in YAML or JSON; the flags below apply only with --targets")
	t.TableFlags()
	t.settingFlags(cmd)
	t.mapping.Add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("targets", cobra.FixedCompletions([]string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt))
	deployed := func(ctx context.Context, a *cloud.Account) error {
		s, err := t.deployed(ctx, a)
		if err != nil {
			return err
		}
		s.Targets = usable(cmd.ErrOrStderr(), s.Targets)
		return t.print(cmd, s)
	}
	t.Work(cmd, t.check, deployed)
	reach := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if t.targets == "" {
			return reach(cmd, args)
		}
		s, err := t.fromFile(cmd)
		if err != nil {
			return err
		}
		return t.print(cmd, s)
	}
	return cmd
}

// withTargets are the flags that describe a function that is not deployed.
var withTargets = append(slices.Clone(settingFlagNames),
	"batch-size", "batching-window", "starting-position", "parallelization-factor", "maximum-retry-attempts", "maximum-record-age",
	"bisect", "on-failure", "filter")

// check checks the flags.
func (t *templates) check() error {
	if t.format == "" {
		return errors.New("the format is missing; add --format sam, cloudformation or terraform")
	}
	if t.targets != "" {
		return t.checkFlags()
	}
	if err := t.checkAlarms(""); err != nil {
		return err
	}
	for _, name := range withTargets {
		if t.IsSet(name) {
			return fmt.Errorf("--%s has an effect only with --targets; the template of a deployed function has that function's settings", name)
		}
	}
	return nil
}

// print writes the template.
func (t *templates) print(cmd *cobra.Command, s template.Setup) error {
	for i := range s.Targets {
		manage.WarnOfPassword(cmd.ErrOrStderr(), "the template", &registry.Entry{Loaded: s.Targets[i]})
	}
	if t.IsSet("alarms") {
		s.Alarms = t.alarms
	}
	s.Dashboard = t.dashboard
	if mode := s.Function.Metrics; (s.Alarms != "" || s.Dashboard) && (mode == "" || mode == metrics.ModeNone) {
		t.Warn("the function counts no records (FANOUT_METRICS=none), so nothing watches records that fail or go to onFailure")
	}
	out, err := template.Render(template.Format(t.format), s)
	if err != nil {
		return err
	}
	if t.file == "" {
		_, err = ui.Exact(cmd.OutOrStdout()).Write(out)
		return ui.Failed(err)
	}
	file, err := ui.CreateFile("output-file", t.file)
	if err != nil {
		return ui.Usage(err)
	}
	_, err = file.Write(out)
	if err = errors.Join(file.Truncate(int64(len(out))), err, file.Close()); err != nil {
		return ui.Failed(fmt.Errorf("the file %s cannot be written: %w", t.file, err))
	}
	return nil
}

// usable returns the targets without faults, and prints the faults of the others.
func usable(errs io.Writer, all []target.Loaded) []target.Loaded {
	return slices.DeleteFunc(slices.Clone(all), func(l target.Loaded) bool {
		for _, f := range l.Faults {
			fmt.Fprintf(errs, "fanout: warning: %v; the template omits this target\n", f)
		}
		return len(l.Faults) > 0
	})
}

// sourcesIn returns the sources of the active targets.
func sourcesIn(entries []registry.Entry) []string {
	var sources []string
	for i := range entries {
		if e := &entries[i]; e.Spec.Active && !slices.Contains(sources, e.Spec.SourceARN) {
			sources = append(sources, e.Spec.SourceARN)
		}
	}
	slices.Sort(sources)
	return sources
}
