package sources

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

// hookCommand is `fanout hook`.
type hookCommand struct {
	sourceCommand
	mapping  manage.MappingFlags
	settings hooks.Settings // from the flags
	function role.Function  // empty if it may not be looked up
}

// NewHook returns the command `fanout hook`.
func NewHook(c *factory.Factory) *cobra.Command {
	h := hookCommand{sourceCommand: sourceCommand{manage.Command{Factory: c}}}
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Connect a source to the function",
		Long: `Hook connects a source to the function: a Kinesis stream, DynamoDB stream, SQS queue or
Kafka topic with an event source mapping, an SNS topic with a subscription. If the source
is already connected, hook changes only the settings on the command line. The defaults
below apply to a new mapping.

For an SNS topic, Lambda invokes the function asynchronously. It tries a message three times
and then drops it, unless you name a destination with --on-failure. The number of
retries, the maximum age and this destination are settings of the function, so all its
topics share them.

A message of a queue that fails comes again when its visibility timeout ends, until the
queue's redrive policy moves it to a dead-letter queue. The visibility timeout must be as
long as the function's timeout at least, and should be six times as long.

Lambda and fanout both have a setting named onFailure. This one is Lambda's. When Lambda
gives up a batch, it sends a description of the batch to this destination. Only a bucket
also gets the records. The onFailure of a target, set with fanout register --on-failure,
is the function's. It names another target, which gets the records that the first
target cannot take, and the batch goes on.

A Kafka topic is named by the ARN of a topic of Amazon MSK, or kafka://HOST:PORT/TOPIC. Only
with --minimum-pollers can Lambda retry the failed records of a batch alone.

Any other mapping always has ReportBatchItemFailures. When all mappings of the function have it,
hook sets the function's variable FANOUT_REPORT_BATCH_ITEM_FAILURES to true. As long as
one does not, hook sets it to false, because that mapping would lose failed records.`,
		Example: `  fanout hook --function fanout --source-type kinesis --source inputStream
  fanout hook --source-type dynamodb --source Customers --starting-position TRIM_HORIZON --batch-size 1000
  fanout hook --source-type sqs --source orders.fifo --maximum-concurrency 10
  fanout hook --source-arn arn:aws:sns:eu-west-1:123456789012:alerts \
      --on-failure arn:aws:sqs:eu-west-1:123456789012:failures`,
		Args: ui.FlagsOnly,
	}
	h.FunctionFlags(cmd)
	h.SourceFlags(cmd)
	h.mapping.Add(cmd)
	h.TableFlags()
	h.OutputFlag(cmd)
	h.IAMFlag()
	h.DryRunFlag()
	h.Work(cmd, h.checkFlags, func(ctx context.Context, a *cloud.Account) error { return h.run(ctx, cmd, a) })
	return cmd
}

// checkFlags checks the flags.
func (h *hookCommand) checkFlags() (err error) {
	if err = h.NeedSource(); err == nil {
		h.settings, err = h.mapping.Settings(&h.Command, h.SourceForm())
	}
	return err
}

func (h *hookCommand) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	source, err := h.SourceRef(ctx, a)
	if err != nil {
		return err
	}
	connector := h.hooks(a, source)
	paused, err := h.look(ctx, a, connector, source) // first, because Hook may leave the state at Updating
	if err != nil {
		return err
	}
	// Lambda makes no mapping that the role cannot read.
	coming, err := h.coming(ctx, connector, source)
	if err != nil {
		return err
	}
	needed, err := h.SyncPolicy(ctx, cmd, a, coming)
	if err != nil {
		return err
	}
	connector.Granted = !h.NoIAM
	did, err := connector.Hook(ctx, source, h.settings)
	if err != nil && needed != nil { // the role may lack its rights
		return errors.Join(err, h.showHook(cmd.OutOrStdout(), source, "", needed))
	}
	if err != nil {
		return errors.Join(err, h.RestorePolicy(ctx, cmd, a, err))
	}
	if err := h.report(ctx, cmd, connector, source, did, needed); err != nil {
		return err
	}
	h.warnIgnored(source, did, paused)
	h.warnView(ctx, a, source)
	h.warnFilter(source)
	h.warnLostMessages(ctx, connector, source)
	h.warnUnwatched(source, did)
	h.warnWhole(ctx, connector, source)
	if h.NoIAM || h.DryRun || did != cloud.Updated {
		return nil
	}
	_, err = h.SyncPolicy(ctx, cmd, a, coming) // the mapping's earlier destination needs no right now
	return err
}

// coming returns the source as the policy has to allow it.
func (h *hookCommand) coming(ctx context.Context, connector *hooks.Hooks, source string) (policy.Source, error) {
	s := policy.Source{ARN: source, OnFailure: h.mapping.OnFailure}
	if !awsname.IsKafka(source) {
		return s, nil
	}
	access, err := h.settings.Kafka.Access, error(nil)
	if access == nil {
		access, err = connector.Access(ctx, source)
	}
	s.Group = h.settings.Kafka.ConsumerGroup
	s.Secrets, s.Network = cloud.Secrets(access)
	return s, err
}

// look checks everything that can be checked before something is written. It reports
// whether the source's mapping is paused.
func (h *hookCommand) look(ctx context.Context, a *cloud.Account, connector *hooks.Hooks, source string) (paused bool, err error) {
	if err := h.isFanout(ctx, a); err != nil {
		return false, err
	}
	if h.SourceARN != "" {
		if err := a.Exists(ctx, source); err != nil {
			return false, err
		}
	}
	if h.mapping.OnFailure != "" {
		if err := a.Exists(ctx, h.mapping.OnFailure); err != nil {
			return false, fmt.Errorf("--on-failure: %w", err)
		}
	}
	if err := h.lookAtQueue(ctx, a, source); err != nil {
		return false, err
	}
	return connector.Look(ctx, source, h.settings)
}

// warnIgnored warns about facts that hook does not change in an existing mapping: its
// starting position, and that it is paused.
func (h *hookCommand) warnIgnored(source string, did cloud.Outcome, paused bool) {
	if did != cloud.Created && h.IsSet("starting-position") {
		h.Warn("%s is already hooked, and --starting-position applies only to new mappings; to start at another position, run fanout unhook first", source)
	}
	if paused {
		h.Warn("%s is still paused; to start it, run fanout resume --function %s --source-arn %[1]s", source, h.FunctionName())
	}
}

// warnLostMessages warns if messages of a topic that the function fails on are lost. If the lookup
// fails, doctor reports it.
func (h *hookCommand) warnLostMessages(ctx context.Context, connector *hooks.Hooks, source string) {
	if manage.FormOf(source).Service != "sns" || h.DryRun && h.mapping.OnFailure != "" {
		return
	}
	fate, err := connector.Fate(ctx)
	if err != nil || fate.Kept {
		return
	}
	h.Warn("Lambda invokes the function %s for a message, within %v, and then drops the message; to keep such messages, run fanout hook --function %s --source-arn %s --on-failure ARN",
		ui.Count(fate.Attempts, "time"), ui.Briefly(time.Duration(fate.Age)*time.Second), h.FunctionName(), source)
}

// warnWhole warns about a topic of Kafka whose batches come again as a whole, and about records that
// Lambda gives up although no flag says so. If the lookup fails, doctor reports it.
func (h *hookCommand) warnWhole(ctx context.Context, connector *hooks.Hooks, source string) {
	if !awsname.IsKafka(source) {
		return
	}
	if reports, err := connector.Reports(ctx, source); err == nil && !reports && !h.DryRun {
		h.Warn("Lambda sends whole batches of %s again if a record fails, because only provisioned mode has ReportBatchItemFailures; to switch it on, run fanout hook --function %s --source-arn %[1]s --minimum-pollers 1, which Lambda charges for", source, h.FunctionName())
	}
	if h.mapping.OnFailure != "" && !h.IsSet("maximum-retry-attempts") {
		h.Warn("with --on-failure, Lambda gives a batch of a Kafka topic up after ten retries, whatever is said elsewhere; set --maximum-retry-attempts to another number")
	}
}

// warnFilter warns about limits of Lambda's own filter.
func (h *hookCommand) warnFilter(source string) {
	if manage.FormOf(source).Service == "sns" {
		return
	}
	for _, limit := range hooks.FilterLimits(source, h.settings.Filters) {
		h.Warn("%s", limit)
	}
}

// warnView warns about a stream whose records some targets cannot store. If its table
// cannot be looked up, doctor reports it.
func (h *hookCommand) warnView(ctx context.Context, a *cloud.Account, source string) {
	if manage.FormOf(source).Service != "dynamodb" {
		return
	}
	images, err := cloud.ImagesOf(ctx, a.In(factory.RegionOf(source)).DynamoDB(), source)
	if err == nil && images.NoNew {
		h.Warn("the view %s of %s has no new images, so changes fail at targets of type es, redis and memcached; for such targets, give the table a stream with NEW_AND_OLD_IMAGES", images.View, source)
	}
}

// isFanout refuses a function that is not fanout's: it would get unexpected records,
// and a variable. A caller without the right to look it up is not stopped.
func (h *hookCommand) isFanout(ctx context.Context, a *cloud.Account) error {
	f, found, err := role.Find(ctx, a.Lambda(), h.FunctionRef())
	switch {
	case awserr.IsDenied(err):
		return nil
	case err != nil:
		return err
	case found && !role.IsFanout(f.Tags, f.Environment):
		return fmt.Errorf("the function %q is not a fanout function; first run fanout deploy --function %[1]s, which asks and replaces it", h.FunctionName())
	}
	h.function = f
	return nil
}
