package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

// hookCommand is `fanout hook`.
type hookCommand struct {
	sourceCommand
	mapping  mappingFlags
	settings hooks.Settings // from the flags
}

func newHook(c *common) *cobra.Command {
	h := hookCommand{sourceCommand: sourceCommand{manage{common: c}}}
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
	h.functionFlags(cmd)
	h.sourceFlags(cmd)
	h.mapping.add(cmd)
	h.tableFlags()
	h.outputFlag(cmd)
	h.iamFlag()
	h.work(cmd, h.checkFlags, func(ctx context.Context, a *cloud.Account) error { return h.run(ctx, cmd, a) })
	return cmd
}

// checkFlags checks the flags.
func (h *hookCommand) checkFlags() (err error) {
	if err = h.needSource(); err == nil {
		h.settings, err = h.mapping.settings(&h.manage, h.sourceForm())
	}
	return err
}

func (h *hookCommand) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	source, err := h.sourceRef(ctx, a)
	if err != nil {
		return err
	}
	connector := h.hooks(a, source)
	paused, err := h.look(ctx, a, connector, source) // first, because Hook may leave the state at Updating
	if err != nil {
		return err
	}
	// Lambda makes no mapping that the role cannot read.
	coming := policy.Source{ARN: source, OnFailure: h.mapping.onFailure}
	needed, err := h.keepInStep(ctx, cmd, a, coming)
	if err != nil {
		return err
	}
	connector.Granted = !h.noIAM
	did, err := connector.Hook(ctx, source, h.settings)
	if err != nil && needed != nil { // the role may lack its rights
		return errors.Join(err, h.showHook(cmd.OutOrStdout(), source, "", needed))
	}
	if err != nil {
		return errors.Join(err, h.takeBack(ctx, cmd, a, err))
	}
	if err := h.report(ctx, cmd, connector, source, did, needed); err != nil {
		return err
	}
	h.unheeded(source, did, paused)
	h.viewOf(ctx, a, source)
	h.fateOfMessages(ctx, connector, source)
	if h.noIAM || did != cloud.Updated {
		return nil
	}
	_, err = h.keepInStep(ctx, cmd, a, coming) // the mapping's earlier destination needs no right now
	return err
}

// look checks everything that can be checked before something is written. It reports
// whether the source's mapping is paused.
func (h *hookCommand) look(ctx context.Context, a *cloud.Account, connector *hooks.Hooks, source string) (paused bool, err error) {
	if err := h.isFanout(ctx, a); err != nil {
		return false, err
	}
	if h.sourceARN != "" {
		if err := a.Exists(ctx, source); err != nil {
			return false, err
		}
	}
	return connector.Look(ctx, source, h.settings)
}

// unheeded warns about facts that hook does not change in an existing mapping: its
// starting position, and that it is paused.
func (h *hookCommand) unheeded(source string, did cloud.Outcome, paused bool) {
	if did != cloud.Created && h.given("starting-position") {
		h.warn("%s is hooked already, and --starting-position is of new mappings only; to begin elsewhere, run fanout unhook first", source)
	}
	if paused {
		h.warn("%s is paused, and stays so; run fanout resume --function %s --source-arn %[1]s", source, h.functionName())
	}
}

// fateOfMessages warns if messages of a topic that the function fails on are lost. If the lookup
// fails, doctor reports it.
func (h *hookCommand) fateOfMessages(ctx context.Context, connector *hooks.Hooks, source string) {
	if formOf(source).service != "sns" {
		return
	}
	fate, err := connector.Fate(ctx)
	if err != nil || fate.Kept {
		return
	}
	h.warn("Lambda invokes the function %s for a message, within %v, and then drops it; to keep such messages, run fanout hook --function %s --source-arn %s --on-failure ARN",
		count(fate.Attempts, "time"), briefly(time.Duration(fate.Age)*time.Second), h.functionName(), source)
}

// viewOf warns about a stream whose records some targets cannot store. If its table
// cannot be looked up, doctor reports it.
func (h *hookCommand) viewOf(ctx context.Context, a *cloud.Account, source string) {
	if formOf(source).service != "dynamodb" {
		return
	}
	view, err := cloud.WithoutImages(ctx, a.In(regionOf(source)).DynamoDB(), source)
	if err == nil && view != "" {
		h.warn("the view %s of %s has no new images: changes fail at targets of type es, redis and memcached; give the table a stream with NEW_AND_OLD_IMAGES if it has such targets", view, source)
	}
}

// isFanout refuses a function that is not fanout's: it would get unexpected records,
// and a variable. A caller without the right to look it up is not stopped.
func (h *hookCommand) isFanout(ctx context.Context, a *cloud.Account) error {
	f, found, err := role.Find(ctx, a.Lambda(), h.functionRef())
	switch {
	case cloud.IsDenied(err):
		return nil
	case err != nil:
		return err
	case found && !role.IsFanout(f.Tags, f.Environment):
		return fmt.Errorf("the function %q is not one of fanout; run fanout deploy --function %[1]s first, which makes it one, and asks before", h.functionName())
	}
	return nil
}
