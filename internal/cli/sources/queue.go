package sources

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/stack"
)

// lookAtQueue refuses a queue whose visibility timeout is shorter than the function's timeout,
// as Lambda does, and warns about settings that repeat or keep messages. If the queue or the
// function cannot be looked up, doctor reports it.
func (h *hookCommand) lookAtQueue(ctx context.Context, a *cloud.Account, source string) error {
	if !cloud.IsQueue(source) {
		return nil
	}
	q, err := cloud.SourceQueueOf(ctx, a.In(factory.RegionOf(source)).SQS(), source)
	if err != nil {
		return nil //nolint:nilerr // a right is missing, or a later call fails likewise
	}
	f, err := a.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(h.FunctionRef())})
	if err != nil {
		return nil //nolint:nilerr // likewise
	}
	timeout := time.Duration(aws.ToInt32(f.Timeout)) * time.Second
	switch {
	case q.Visibility < timeout:
		return fmt.Errorf("the visibility timeout of %s is %v, which is shorter than the function's timeout of %v, so Lambda does not read the queue; set it to %v in the queue",
			source, ui.Briefly(q.Visibility), ui.Briefly(timeout), ui.Briefly(cloud.VisibilityFactor*timeout))
	case q.Visibility < cloud.VisibilityFactor*timeout:
		h.Warn("the visibility timeout of %s is %v; AWS recommends %d times the function's timeout, which is %v, or messages may be delivered twice",
			source, ui.Briefly(q.Visibility), cloud.VisibilityFactor, ui.Briefly(cloud.VisibilityFactor*timeout))
	}
	if q.DeadLetter == "" {
		h.Warn("%s has no dead-letter queue, so a message that always fails comes again until its retention period ends; give the queue a redrive policy", source)
	}
	return nil
}

// warnUnwatched warns about a new queue whose age no alarm watches.
func (h *hookCommand) warnUnwatched(source string, did cloud.Outcome) {
	if did != cloud.Created || !cloud.IsQueue(source) || h.function.ARN == "" {
		return
	}
	switch {
	case cloud.Elsewhere(source, h.function.ARN):
		h.Warn("%s belongs to another account, so fanout status, doctor and alarms cannot see the age of its messages; watch its ApproximateAgeOfOldestMessage there", source)
	case h.function.Tags[stack.AlarmsTag] != "":
		h.Warn("no alarm watches the age of the messages in %s yet; to add one, run fanout deploy --function %s", source, h.FunctionName())
	}
}
