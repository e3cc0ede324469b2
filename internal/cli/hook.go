package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

func newHook(c *common) *cobra.Command {
	m := manage{common: c}
	var f mappingFlags
	var s hooks.Settings
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Connect a source to the function",
		Long: `Hook makes the function get the records of a source: of a Kinesis or DynamoDB
stream by an event source mapping, of an SNS topic by a subscription. Run again, it
changes the settings that are given, and leaves the others: the defaults below are
those of a new mapping.

Lambda invokes the function asynchronously for a topic: it tries a message three times
and then drops it, unless --on-failure says where it goes. That, and how often and how
long Lambda tries, are settings of the function, which all its topics share.

Two things are called onFailure. This one is Lambda's: it gets an account of a whole
batch that Lambda gave up, and the records only in a bucket. The onFailure of a target,
which fanout register --on-failure sets, is the function's: it names another target,
which gets the very records that the first cannot take, while the batch goes on.

A mapping always asks for ReportBatchItemFailures. The function's variable
FANOUT_REPORT_BATCH_ITEM_FAILURES is set to true once every mapping of the function
does, and to false as long as one does not: such a mapping would lose what failed.`,
		Example: `  fanout hook --function fanout --source-type kinesis --source inputStream
  fanout hook --source-type dynamodb --source Customers --starting-position TRIM_HORIZON --batch-size 1000
  fanout hook --source-arn arn:aws:sns:eu-west-1:123456789012:alerts \
      --on-failure arn:aws:sqs:eu-west-1:123456789012:failures`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	f.add(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	check := func() (err error) {
		if err = m.needSource(); err == nil {
			s, err = f.settings(&m, m.sourceForm())
		}
		return err
	}
	m.iamFlag()
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		if err := m.isFanout(ctx, a); err != nil {
			return err
		}
		h := m.hooks(a, source)
		if m.sourceARN != "" {
			if err := a.Exists(ctx, source); err != nil {
				return err
			}
		}
		paused, err := h.Look(ctx, source, s) // first, because Hook may leave the state at Updating
		if err != nil {
			return err
		}
		// Lambda makes no mapping that the role cannot read.
		coming := policy.Source{ARN: source, OnFailure: f.onFailure}
		needed, err := m.keepInStep(ctx, cmd, a, coming)
		if err != nil {
			return err
		}
		h.Granted = !m.noIAM
		did, err := h.Hook(ctx, source, s)
		if err != nil && needed != nil { // the role may lack its rights
			return errors.Join(err, m.showHook(cmd.OutOrStdout(), source, "", needed))
		}
		if err != nil {
			return errors.Join(err, m.takeBack(ctx, cmd, a, err))
		}
		if err := m.hooked(ctx, cmd, h, source, did, needed); err != nil {
			return err
		}
		m.unheeded(source, did, paused)
		m.viewOf(ctx, a, source)
		if formOf(source).service == "sns" {
			m.fateOfMessages(ctx, h, source)
		}
		if m.noIAM || did != cloud.Updated {
			return nil
		}
		_, err = m.keepInStep(ctx, cmd, a, coming) // the mapping's earlier destination needs no right now
		return err
	})
	return cmd
}

// unheeded warns about facts that hook does not change in an existing mapping: its
// starting position, and that it is paused.
func (m *manage) unheeded(source string, did cloud.Outcome, paused bool) {
	if did != cloud.Created && m.given("starting-position") {
		m.warn("%s is hooked already, and --starting-position is of new mappings only; to begin elsewhere, run fanout unhook first", source)
	}
	if paused {
		m.warn("%s is paused, and stays so; run fanout resume --function %s --source-arn %[1]s", source, m.functionName())
	}
}

// fateOfMessages warns if messages that the function fails on are lost. If the lookup
// fails, doctor reports it.
func (m *manage) fateOfMessages(ctx context.Context, h *hooks.Hooks, topic string) {
	fate, err := h.Fate(ctx)
	if err != nil || fate.Kept {
		return
	}
	m.warn("Lambda invokes the function %s for a message, within %v, and then drops it; to keep such messages, run fanout hook --function %s --source-arn %s --on-failure ARN",
		count(fate.Attempts, "time"), briefly(time.Duration(fate.Age)*time.Second), m.functionName(), topic)
}

// viewOf warns about a stream whose records some targets cannot store. If its table
// cannot be looked up, doctor reports it.
func (m *manage) viewOf(ctx context.Context, a *cloud.Account, source string) {
	if formOf(source).service != "dynamodb" {
		return
	}
	view, err := cloud.WithoutImages(ctx, a.In(regionOf(source)).DynamoDB(), source)
	if err == nil && view != "" {
		m.warn("the view %s of %s has no new images: changes fail at targets of type es, redis and memcached; give the table a stream with NEW_AND_OLD_IMAGES if it has such targets", view, source)
	}
}

// isFanout refuses a function that is not fanout's: it would get unexpected records,
// and a variable. A caller without the right to look it up is not stopped.
func (m *manage) isFanout(ctx context.Context, a *cloud.Account) error {
	f, found, err := role.Find(ctx, a.Lambda(), m.functionRef())
	switch {
	case cloud.IsDenied(err):
		return nil
	case err != nil:
		return err
	case found && !role.IsFanout(f.Tags, f.Environment):
		return fmt.Errorf("the function %q is not one of fanout; run fanout deploy --function %[1]s first, which makes it one, and asks before", m.functionName())
	}
	return nil
}

// hooks returns the hooks of the function, in the source's region: a topic may be in
// another.
func (m *manage) hooks(a *cloud.Account, source string) *hooks.Hooks {
	h := hooks.Of(a, m.functionRef())
	h.SNS = a.In(regionOf(source)).SNS()
	return h
}

// hooked updates the function to match its mappings. It prints the outcome, and the
// policy that the role needs, if one is given.
func (m *manage) hooked(ctx context.Context, cmd *cobra.Command, h *hooks.Hooks, source string, did cloud.Outcome, needed *policy.Document) error {
	if err := m.showHook(cmd.OutOrStdout(), source, did, needed, h.Changed...); err != nil {
		return err
	}
	reported, value, others, err := h.Report(ctx)
	if err != nil {
		return err
	}
	if reported == cloud.Updated {
		fmt.Fprintf(cmd.ErrOrStderr(), "variable %s: %t\n", hooks.Variable, value)
	}
	for _, other := range others {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the mapping of %s does not ask for ReportBatchItemFailures, so whole batches are sent again; run fanout hook --source-arn %s\n", other, other)
	}
	return nil
}

// showHook prints the outcome for the hook of a source, unless did is "", and the
// policy that the role needs, unless needed is nil.
func (m *manage) showHook(w io.Writer, source string, did cloud.Outcome, needed *policy.Document, changed ...hooks.Change) error {
	if m.output != "table" {
		return show(w, m.output, struct {
			Source   string           `json:"source"`
			Function string           `json:"function"`
			Outcome  cloud.Outcome    `json:"outcome,omitempty"`
			Changes  []hooks.Change   `json:"changes,omitempty"`
			Policy   *policy.Document `json:"policy,omitempty"`
		}{source, m.functionName(), did, changed, needed}, nil)
	}
	if did != "" {
		if _, err := fmt.Fprintf(w, "hook of %s to %s: %s\n", source, m.functionName(), did); err != nil {
			return err
		}
	}
	for _, c := range changed {
		if _, err := fmt.Fprintf(w, "    %s: %s → %s\n", c.Name, printable(c.Before), printable(c.After)); err != nil {
			return err
		}
	}
	if needed == nil {
		return nil
	}
	return showJSON(w, needed)
}

func newUnhook(c *common) *cobra.Command {
	m := manage{common: c}
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Disconnect a source from the function",
		Long: `Unhook removes the event source mapping of a stream, or the subscription to a
topic. Where the mapping was in the stream is forgotten; use pause to go on later. The
function's settings for messages that fail stay, since other topics share them.`,
		Example: "  fanout unhook --function fanout --source-type kinesis --source inputStream",
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	m.iamFlag()
	m.work(cmd, m.needSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		h := m.hooks(a, source)
		if err := h.Unhook(ctx, source); err != nil {
			return err
		}
		needed, err := m.keepInStep(ctx, cmd, a)
		return errors.Join(m.hooked(ctx, cmd, h, source, cloud.Removed, needed), err)
	})
	return cmd
}
