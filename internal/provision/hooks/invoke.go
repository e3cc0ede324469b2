package hooks

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// Lambda invokes the function asynchronously for SNS. Its settings for failed messages
// belong to the function, so all its topics share them (Lambda API,
// PutFunctionEventInvokeConfig).

// Lambda's defaults.
const (
	DefaultRetries    = 2
	DefaultMessageAge = 21_600 // seconds
)

// Async is the settings of a function for asynchronous invocations.
type Async struct {
	Retries, Age *int32                   // nil: DefaultRetries and DefaultMessageAge
	Destinations *types.DestinationConfig // nil: none
}

// OnFailure is the ARN of the destination for failed messages, "" if there is none.
func (a *Async) OnFailure() string {
	if a == nil {
		return ""
	}
	return cloud.OnFailure(a.Destinations)
}

// Attempts is how often Lambda tries a message, including the first time.
func (a *Async) Attempts() int { return 1 + int(*a.retries()) }

// AsyncOf returns the settings of a function, nil if it has none.
func AsyncOf(ctx context.Context, client cloud.LambdaReader, function string) (*Async, error) {
	out, err := client.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &function})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the settings of the function %q for asynchronous invocations cannot be read: %w", function, err)
	}
	return &Async{out.MaximumRetryAttempts, out.MaximumEventAgeInSeconds, out.DestinationConfig}, nil
}

// configure applies s to the function's settings. s may leave them all unset. It
// returns a function that restores the old settings.
func (h *Hooks) configure(ctx context.Context, s Settings) (changed bool, back func(ctx context.Context) error, err error) {
	if s.MaximumRetryAttempts == nil && s.MaximumRecordAge == nil && s.OnFailure == nil {
		return false, nil, nil
	}
	old, err := AsyncOf(ctx, h.Lambda, h.Function)
	if err != nil {
		return false, nil, err
	}
	want := old.with(s)
	if want.equal(old) {
		return false, nil, nil
	}
	if err := h.putAsync(ctx, want); err != nil {
		return false, nil, err
	}
	return true, func(ctx context.Context) error { return h.putAsync(ctx, old) }, nil
}

// with returns the settings after s is applied.
func (a *Async) with(s Settings) *Async {
	var n Async
	if a != nil {
		n = *a
	}
	n.Retries = cmp.Or(s.MaximumRetryAttempts, n.Retries)
	n.Age = cmp.Or(s.MaximumRecordAge, n.Age)
	if s.OnFailure == nil {
		return &n
	}
	var d types.DestinationConfig
	if n.Destinations != nil {
		d = *n.Destinations
	}
	d.OnFailure = nil
	if *s.OnFailure != "" {
		d.OnFailure = &types.OnFailure{Destination: s.OnFailure}
	}
	n.Destinations = &d
	return &n
}

// equal compares settings by their effect.
func (a *Async) equal(o *Async) bool {
	return *a.retries() == *o.retries() && *a.age() == *o.age() && a.OnFailure() == o.OnFailure()
}

func (a *Async) retries() *int32 {
	if a == nil || a.Retries == nil {
		return aws.Int32(DefaultRetries)
	}
	return a.Retries
}

func (a *Async) age() *int32 {
	if a == nil || a.Age == nil {
		return aws.Int32(DefaultMessageAge)
	}
	return a.Age
}

// none reports whether nothing is set.
func (a *Async) none() bool {
	return a == nil || a.Retries == nil && a.Age == nil && a.OnFailure() == "" && (a.Destinations == nil || a.Destinations.OnSuccess == nil)
}

// putAsync writes the settings. Lambda wants at least one.
func (h *Hooks) putAsync(ctx context.Context, a *Async) error {
	if h.DryRun {
		return nil
	}
	err := h.withRights(ctx, func(ctx context.Context) error {
		if a.none() {
			_, err := h.Lambda.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: &h.Function})
			return err
		}
		_, err := h.Lambda.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{
			FunctionName: &h.Function, MaximumRetryAttempts: a.Retries, MaximumEventAgeInSeconds: a.Age, DestinationConfig: a.Destinations,
		})
		return err
	})
	switch {
	case err == nil || a.none() && awserr.IsMissing(err):
		return nil
	case lacksRights(err):
		return fmt.Errorf("the settings of the function %q for asynchronous invocations cannot be written, because its role lacks rights; run fanout policy to see the required rights: %w", h.Function, err)
	}
	return fmt.Errorf("the settings of the function %q for asynchronous invocations cannot be written: %w", h.Function, err)
}

// Fate says how Lambda treats a topic's message when the function fails on it.
type Fate struct {
	Attempts int  // invocations, including the first
	Age      int  // seconds that a message may wait for them
	Kept     bool // it then goes to a destination or a dead-letter queue
}

// Fate looks up the fate of failed messages.
func (h *Hooks) Fate(ctx context.Context) (Fate, error) {
	a, err := AsyncOf(ctx, h.Lambda, h.Function)
	if err != nil {
		return Fate{}, err
	}
	f := Fate{Attempts: a.Attempts(), Age: int(*a.age()), Kept: a.OnFailure() != ""}
	if f.Kept {
		return f, nil
	}
	c, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function})
	if err != nil {
		return f, h.unknown(err, "function")
	}
	f.Kept = c.DeadLetterConfig != nil && aws.ToString(c.DeadLetterConfig.TargetArn) != ""
	return f, nil
}
