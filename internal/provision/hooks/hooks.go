// Package hooks connects sources to the function: Kinesis streams, DynamoDB streams, SQS queues
// and Kafka topics by event source mappings, SNS topics by subscriptions.
package hooks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// Hooks manages the sources of one function.
type Hooks struct {
	Lambda   cloud.LambdaAPI
	SNS      cloud.SNSAPI
	Function string // name or ARN
	Granted  bool   // the role was just given its rights, which reach Lambda after a delay

	Changed []cloud.Change // settings that Hook changed in an existing mapping

	// DryRun makes every method find out what it would change, and change nothing.
	DryRun    bool
	coming    string // the source that Hook would have hooked
	reporting bool   // whether its mapping would report failed items
	leaving   string // the source that Unhook would have unhooked
}

// Of returns the hooks of a function in an account.
func Of(a *cloud.Account, function string) *Hooks {
	return &Hooks{Lambda: a.Lambda(), SNS: a.SNS(), Function: function}
}

// poll is the interval at which a changing state is read.
const poll = time.Second

// patience bounds the wait until new rights reach Lambda, or until a mapping changes
// its state.
const patience = 2 * time.Minute

// mappings returns the event source mappings of the function, except any that are being
// deleted. source selects one source; "" means all.
func (h *Hooks) mappings(ctx context.Context, source string) ([]types.EventSourceMappingConfiguration, error) {
	all, err := cloud.Mappings(ctx, h.Lambda, h.Function, source)
	if err != nil {
		return nil, h.unknown(err, "mappings of the function")
	}
	return all, nil
}

// mapping returns the event source mapping of a source, nil if there is none.
func (h *Hooks) mapping(ctx context.Context, source string) (*types.EventSourceMappingConfiguration, error) {
	all, err := h.mappings(ctx, source)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if len(all) > 1 {
		return nil, fmt.Errorf("the function %q has %d mappings of %s; delete all but one in the console", h.Function, len(all), source)
	}
	return &all[0], nil
}

// unknown returns the error for facts about the function that could not be read.
func (h *Hooks) unknown(err error, what string) error {
	if awserr.IsMissing(err) {
		return &cloud.NoFunction{Name: h.Function}
	}
	return fmt.Errorf("the %s %q cannot be read: %w", what, h.Function, err)
}

// noMapping returns the error for a source that is not hooked, or for a missing
// function: Lambda lists the mappings of functions that do not exist.
func (h *Hooks) noMapping(ctx context.Context, source string) error {
	if _, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function}); awserr.IsMissing(err) {
		return &cloud.NoFunction{Name: h.Function}
	}
	return fmt.Errorf("%s is not hooked to the function %q; use fanout hook", source, h.Function)
}

// isTopic reports whether a source is an SNS topic.
func isTopic(source string) bool { return strings.Contains(source, ":sns:") }

// wait waits before the next try.
func wait(ctx context.Context) error {
	t := time.NewTimer(poll)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
