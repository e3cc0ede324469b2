package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// queue checks the settings of a queue that Lambda reads for the function: its visibility
// timeout and its dead-letter queue.
func (p *examination) queue(ctx context.Context, is about, source string) (found []Finding) {
	a, err := arn.Parse(source)
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	q, err := cloud.SourceQueueOf(ctx, p.In(a.Region).SQS, source)
	switch {
	case awserr.IsMissing(err):
		return []Finding{is.wrong("create the queue, or "+p.run("unhook", "--source-arn", source), "the queue does not exist")}
	case err != nil:
		return []Finding{is.unknown(err)}
	}
	timeout := time.Duration(aws.ToInt32(p.config.Timeout)) * time.Second
	set := fmt.Sprintf("set the queue's visibility timeout to %s", short(cloud.VisibilityFactor*timeout))
	switch {
	case q.Visibility < timeout:
		found = append(found, is.wrong(set, "the queue's visibility timeout of %s is shorter than the function's timeout of %s, so messages are delivered again while they are in work", short(q.Visibility), short(timeout)))
	case q.Visibility < cloud.VisibilityFactor*timeout:
		found = append(found, is.warning(set, "the queue's visibility timeout is %s; AWS recommends %d times the function's timeout, or messages may be delivered twice", short(q.Visibility), cloud.VisibilityFactor))
	}
	switch {
	case q.DeadLetter == "":
		found = append(found, is.warning("give the queue a redrive policy with a dead-letter queue", "the queue has no dead-letter queue, so a message that always fails comes again until its retention period ends"))
	case q.MaxReceives < cloud.Receives:
		found = append(found, is.warning(fmt.Sprintf("set maxReceiveCount to %d or more", cloud.Receives), "the queue's redrive policy moves messages after %s, so a short outage of a target moves good messages", counted(q.MaxReceives, "try", "tries")))
	}
	return found
}
