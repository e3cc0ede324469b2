package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
	"fanout/internal/provision/role"
	"fanout/sinks"
)

// Reach checks that the destination of a target exists, and takes the target's records.
// self is the ARN of the function, which need not exist, so the network is not checked.
func (d *Doctor) Reach(ctx context.Context, self arn.ARN, t *sinks.Spec) Finding {
	p := &examination{Doctor: d, self: self, function: role.Function{ARN: self.String(), VPC: true}}
	return p.reach(ctx, about{"target", awsname.Target(t.SourceARN, t.ID)}, t)
}
