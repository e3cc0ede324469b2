package manage

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"fanout/internal/provision/cloud"
)

// DryRunFlag adds the flag that shows changes without making them.
func (m *Command) DryRunFlag() {
	m.Flags.BoolVar(&m.DryRun, "dry-run", false, "show what would change, and change nothing; the exit status is 3 if something would change, and 0 if not")
}

// Foresee returns an outcome as the command reports it. A dry run remembers whether there
// is a change, for its exit status.
func (m *Command) Foresee(o cloud.Outcome) cloud.Outcome {
	if !m.DryRun {
		return o
	}
	m.foreseen = m.foreseen || o.Changes()
	return o.Foreseen()
}

// refuseWrites makes clients of cfg refuse every call that may change something. The code
// of a dry run makes none; this holds it to that.
func refuseWrites(cfg *aws.Config) {
	refuse := middleware.InitializeMiddlewareFunc("DryRun", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		if operation := awsmiddleware.GetOperationName(ctx); !reads(operation) {
			return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("a dry run may not call %s; this is a bug in fanout", operation)
		}
		return next.HandleInitialize(ctx, in)
	})
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error { return stack.Initialize.Add(refuse, middleware.After) })
}

// reads reports whether a call changes nothing, by its name.
func reads(operation string) bool {
	for _, verb := range []string{"Get", "List", "Describe", "BatchGet", "Lookup"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return operation == "Query" || operation == "Scan"
}
