package function

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
	"fanout/internal/provision/stack"
)

// deploy holds the command's flags.
type deploy struct {
	manage.Command
	role, roleARN           string
	ledger, failures        string
	alarms                  string // ARN of a topic
	memory, timeout         int
	subnets, securityGroups []string
	architecture            string
	file                    string
	retention               int
	environment             []string
	tracing, yes, rollback  bool
	runtime                 string // of the predecessor
}

// unusedRuntime warns users of aws-lambda-fanout that its flag has no effect here.
func (d *deploy) unusedRuntime() {
	if d.IsSet("runtime") {
		d.Warn("--runtime %s has no effect, because the function does not use Node.js and runs on %s; remove the flag", d.runtime, types.RuntimeProvidedal2023)
	}
}

// NewDeploy returns the command `fanout deploy`.
func NewDeploy(c *factory.Factory) *cobra.Command {
	d := deploy{Command: manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Create or update the function, its role and its tables",
		Long: `Deploy creates or updates the function and its resources: the target table
<function>Targets (billed on demand, encrypted, with point-in-time recovery), the role
<function>Role with only the rights that its targets need, a log group, and the
function itself. The code of the function is part of this program.

Without a flag, a setting keeps its value. For a new function it gets the default.
Before it replaces code, deploy publishes the function as a version, and --rollback goes
back to the code of the last version that has other code. A second --rollback undoes the
first.
Deploy replaces a function that it did not create only if you confirm it or add --yes.
It first describes the old code, publishes it as a version, and prints the commands that
restore it.

One record that a target cannot take holds up its shard until it expires, unless the
target has an onFailure. --failures-queue makes a queue that takes such records of all
targets without one, so that their shards go on. fanout redrive delivers them again.

--alarms makes CloudWatch alarms that write to a topic: records are late, fail, go to
onFailure or are lost, or the function fails or is throttled. Later runs keep them up to
date. docs/operations.md has their thresholds.

--tracing traces invocations with AWS X-Ray, with a subsegment for each target.

Deploy writes only differences, so you can run it again to complete a deploy that
stopped halfway. It uses an existing role or table without changing it, unless deploy
created it. If you name a resource by ARN, deploy does not look it up, but may read its
settings.`,
		Example: `  fanout deploy --function fanout
  fanout deploy --function orders --memory 512 --timeout 60 --ledger-table ordersLedger
  fanout deploy --function orders --failures-queue ordersFailures --dry-run
  fanout deploy --function orders --alarms arn:aws:sns:eu-west-1:123456789012:oncall
  fanout deploy --subnet subnet-01234567,subnet-89abcdef --security-group sg-01234567
  fanout deploy --exec-role-arn arn:aws:iam::123456789012:role/fanout --env FANOUT_METRICS=emf`,
		Args: ui.FlagsOnly,
	}
	d.FunctionFlags(cmd)
	f := d.Flags
	f.StringVar(&d.role, "exec-role", "", "the function's role, by `NAME`; created if it does not exist (default: <function>Role)")
	f.StringVar(&d.roleARN, "exec-role-arn", "", "the function's role, by `ARN`")
	d.TableFlags()
	d.settingFlags(cmd)
	f.StringVar(&d.failures, "failures-queue", "", "send records that a target without onFailure cannot take to this SQS queue, by `NAME` or ARN; created if it does not exist; '' for none (default: none)")
	d.alarmsFlag("make CloudWatch alarms that write to this SNS `TOPIC`, by ARN; '' deletes them (default: no alarms)")
	f.StringVar(&d.file, "package", "", "deploy the function in this zip `FILE` (default: the one built into fanout)")
	f.BoolVar(&d.rollback, "rollback", false, "go back to the code of the version before; settings stay as they are")
	f.BoolVar(&d.NoIAM, "no-iam", false, "do not create a role or change its policy; print the policy that it needs")
	f.BoolVar(&d.yes, "yes", false, "do not ask before replacing a function that is not a fanout function")
	d.DryRunFlag()
	f.StringVar(&d.runtime, "runtime", "", "the `RUNTIME` of aws-lambda-fanout; it has no effect")
	_ = f.MarkHidden("runtime") // it exists
	d.OutputFlag(cmd)
	d.Work(cmd, d.checkFlags, func(ctx context.Context, a *cloud.Account) error { return d.run(ctx, cmd, a) })
	return cmd
}

// run deploys with the settings of the flags.
func (d *deploy) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	if err := manage.OwnAccount(ctx, a, "function-arn", d.FunctionARN); err != nil {
		return err
	}
	if err := d.checkAlarms(a.Region()); err != nil {
		return ui.Usage(err)
	}
	s := stack.On(a, d.Catalog)
	s.DryRun = d.DryRun
	s.OnResource = func(t stack.Resource) { printResource(cmd.ErrOrStderr(), t) }
	s.OnWait = func(what string) { fmt.Fprintf(cmd.ErrOrStderr(), "waiting for %s\n", what) }
	result, err := s.Deploy(ctx, d.settings(cmd))
	if err != nil {
		return err
	}
	if result.Changes() {
		d.Foresee(cloud.Updated)
	}
	return showDeployed(cmd.OutOrStdout(), d.Output, result)
}

// alarmsFlag adds the flag with the topic of alarms.
func (d *deploy) alarmsFlag(usage string) { d.Flags.StringVar(&d.alarms, "alarms", "", usage) }

// settingFlags adds the flags of a function's settings.
func (d *deploy) settingFlags(cmd *cobra.Command) {
	f := d.Flags
	f.StringVar(&d.ledger, "ledger-table", "", "the table where instances of the function share the records delivered so far, by `NAME` or ARN; created if it does not exist (default: no such table)")
	f.IntVar(&d.memory, "memory", 128, "set the memory of the function, in `MB`")
	ui.SecondsFlag(f, &d.timeout, "timeout", 30, "stop an invocation after this `TIME`, such as 30 or 5m")
	f.StringSliceVar(&d.subnets, "subnet", nil, "connect the function to the subnet with this `ID`; repeatable, or several with commas; '' for none")
	f.StringSliceVar(&d.securityGroups, "security-group", nil, "add the security group with this `ID`; repeatable, or several with commas; '' for none")
	architectureFlag(cmd, &d.architecture, "arm64", "run on processors of this `TYPE`: "+ui.Either(code.Architectures))
	f.StringArrayVar(&d.environment, "env", nil, "set an environment variable of the function, as `NAME=VALUE`; repeatable; NAME= removes it")
	f.BoolVar(&d.tracing, "tracing", false, "trace invocations with AWS X-Ray, with a subsegment for each target")
	f.IntVar(&d.retention, "log-retention", stack.DefaultRetention, "keep logs for `DAYS`; 0 keeps them forever")
}

// settings returns the settings to deploy from the flags, which were checked before.
func (d *deploy) settings(cmd *cobra.Command) stack.Settings {
	set := stack.Settings{
		Function: d.FunctionRef(), Role: cmp.Or(d.roleARN, d.role), Table: cmp.Or(d.TableARN, d.Table),
		Environment: variables(d.environment), LeaveIAM: d.NoIAM, Rollback: d.rollback, Package: d.open,
		Adopt: func(r *stack.Replaced) error {
			printReplaced(cmd.ErrOrStderr(), r)
			return ui.Ask(cmd, d.yes || d.DryRun, "Replace its code and settings?")
		},
		Adopted: func(r *stack.Replaced) { printRestore(cmd.ErrOrStderr(), r) },
	}
	if d.IsSet("ledger-table") {
		set.Ledger = &d.ledger
	}
	if d.IsSet("failures-queue") {
		set.Failures = &d.failures
	}
	if d.IsSet("alarms") {
		set.Alarms = &d.alarms
	}
	if d.IsSet("tracing") {
		set.Tracing = &d.tracing
	}
	if d.IsSet("memory") {
		set.Memory = int32(d.memory) //nolint:gosec // checked before
	}
	if d.IsSet("timeout") {
		set.Timeout = int32(d.timeout) //nolint:gosec // checked before
	}
	if d.IsSet("architecture") {
		set.Architecture = types.Architecture(d.architecture)
	}
	if d.IsSet("subnet") {
		set.Network = &stack.Network{Subnets: d.subnets, SecurityGroups: d.securityGroups}
	}
	if d.IsSet("log-retention") {
		set.Retention = &d.retention
	}
	return set
}

// open returns the packaged function for an architecture.
func (d *deploy) open(architecture string) (code.Package, error) {
	if d.file != "" {
		return code.Open(d.file, architecture)
	}
	return code.Embedded(architecture)
}

// printResource prints the outcome of a thing to standard error.
func printResource(w io.Writer, t stack.Resource) {
	fmt.Fprintf(w, "%s %s: %s", t.Kind, t.Name, t.Outcome)
	if t.Note != "" {
		fmt.Fprintf(w, " (%s)", t.Note)
	}
	fmt.Fprintln(w)
	for _, c := range t.Changes {
		fmt.Fprintf(w, "    %s: %s → %s\n", c.Name, ui.Printable(c.Before), ui.Printable(c.After))
	}
}

// printReplaced describes the code that will be replaced, and the prospects of the
// targets.
func printReplaced(w io.Writer, r *stack.Replaced) {
	fmt.Fprintf(w, "The function %q is not a fanout function. Deploy will replace this code and keep it as a version:\n", r.Function)
	fmt.Fprintf(w, "  runtime %s, handler %s, last modified %s, %s, SHA-256 %s\n", r.Runtime, r.Handler, r.Modified, ui.Count(int(r.Bytes), "byte"), r.SHA256)
	switch {
	case r.Unchecked != "":
		fmt.Fprintf(w, "Deploy cannot check its targets: %s\n", r.Unchecked)
	case len(r.Faulty) > 0:
		fmt.Fprintf(w, "The table %q already has %s. The following have faults, so their records will fail and block their shards, or will not arrive; correct them, or set active to false:\n", r.Table, ui.Count(r.Targets, "target"))
		for _, fault := range r.Faulty {
			fmt.Fprintf(w, "  %s\n", fault)
		}
	}
	if r.Warnings > 0 {
		fmt.Fprintf(w, "There %s too; run fanout lint --table %s to see them\n", ui.Are(r.Warnings)+" "+ui.Count(r.Warnings, "warning"), r.Table)
	}
}

// printRestore prints the commands that undo the replacement.
func printRestore(w io.Writer, r *stack.Replaced) {
	fmt.Fprintf(w, "To go back to version %s, run:\n", r.Version)
	for _, command := range r.Restore {
		fmt.Fprintf(w, "  %s\n", command)
	}
}

// showDeployed prints the outcome and, if the role was left alone, its policy.
func showDeployed(w io.Writer, output string, d stack.Deployed) error {
	err := ui.Show(w, output, d, func(t table.Writer) { resourceRows(t, d.Resources) })
	if err == nil && d.Policy != nil && output == "table" {
		err = ui.ShowJSON(w, d.Policy)
	}
	return err
}

func resourceRows(t table.Writer, things []stack.Resource) {
	t.AppendHeader(table.Row{"resource", "name", "outcome", "arn"})
	for _, thing := range things {
		t.AppendRow(table.Row{thing.Kind, thing.Name, string(thing.Outcome), thing.ARN})
	}
}
