package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// function is the current state of a function.
type function struct {
	types.FunctionConfiguration
	tags map[string]string
}

// findFunction returns the function with a name or ARN, nil if there is none.
func (s *Stack) findFunction(ctx context.Context, ref string) (*function, error) {
	out, err := s.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &ref})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the function %q cannot be looked up: %w", ref, err)
	}
	return &function{*out.Configuration, out.Tags}, nil
}

// settled waits until Lambda has finished its earlier work on the function.
func (s *Stack) settled(ctx context.Context, name string) (f *function, err error) {
	err = poll(ctx, waitLimit, fmt.Sprintf("the function %q", name), func() (bool, error) {
		if f, err = s.findFunction(ctx, name); err != nil || f == nil {
			return false, err // a new function may not be visible yet
		}
		return f.State != types.StatePending && f.LastUpdateStatus != types.LastUpdateStatusInProgress, nil
	})
	return f, err
}

// working is like settled, and fails if the function is in a failed state.
func (s *Stack) working(ctx context.Context, name string) (*function, error) {
	f, err := s.settled(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case f.State == types.StateFailed:
		return nil, fmt.Errorf("the function %q cannot run: %s (%s)", name, strings.TrimSuffix(aws.ToString(f.StateReason), "."), f.StateReasonCode)
	case f.LastUpdateStatus == types.LastUpdateStatusFailed:
		return nil, fmt.Errorf("the function %q could not be updated: %s (%s)", name, strings.TrimSuffix(aws.ToString(f.LastUpdateStatusReason), "."), f.LastUpdateStatusReasonCode)
	}
	return f, nil
}

// function creates or updates the function according to the plan. again writes its
// settings even if they are equal: a recreated role is a new role to Lambda, though its
// name is the same.
func (s *Stack) function(ctx context.Context, has *function, p *plan, archive code.Package, again bool) (Resource, error) {
	t := Resource{Kind: "function", Name: p.name, Outcome: cloud.Unchanged}
	if has == nil {
		if t.Outcome = cloud.Created; s.DryRun {
			return t, nil
		}
		if err := s.createFunction(ctx, p, archive); err != nil {
			return t, err
		}
		f, err := s.working(ctx, p.name)
		if err == nil {
			t.ARN = aws.ToString(f.FunctionArn)
		}
		return t, err
	}
	t.ARN = aws.ToString(has.FunctionArn)
	changes, err := s.updateFunction(ctx, p, archive, again)
	if len(changes) > 0 {
		t.Outcome, t.Changes = cloud.Updated, changes
	}
	return t, err
}

func (s *Stack) createFunction(ctx context.Context, p *plan, archive code.Package) error {
	in := &lambda.CreateFunctionInput{
		FunctionName: &p.name, Description: aws.String("Delivers stream records to many targets. Created by fanout deploy."),
		Runtime: types.RuntimeProvidedal2023, Handler: aws.String(handler), Architectures: []types.Architecture{p.architecture},
		Code: &types.FunctionCode{ZipFile: archive}, Role: &p.role, MemorySize: &p.memory, Timeout: &p.timeout,
		Environment: &types.Environment{Variables: p.environment}, Tags: p.tags(),
	}
	if len(p.network.Subnets) > 0 {
		in.VpcConfig = p.vpc()
	}
	if p.tracing != types.TracingModePassThrough {
		in.TracingConfig = &types.TracingConfig{Mode: p.tracing}
	}
	err := s.asRole(ctx, p, func() error {
		_, err := s.Lambda.CreateFunction(ctx, in)
		return err
	})
	if err != nil {
		return fmt.Errorf("the function %q cannot be created: %w", p.name, err)
	}
	return nil
}

func (p *plan) vpc() *types.VpcConfig {
	return &types.VpcConfig{SubnetIds: append([]string{}, p.network.Subnets...), SecurityGroupIds: append([]string{}, p.network.SecurityGroups...)}
}

// updateFunction writes the differences, one call after another: Lambda refuses a
// change while it works on the one before.
func (s *Stack) updateFunction(ctx context.Context, p *plan, archive code.Package, again bool) (changes []cloud.Change, err error) {
	has, err := s.settled(ctx, p.name)
	if err != nil {
		return nil, err
	}
	settings, replaced := p.settingChanges(&has.FunctionConfiguration), p.codeChanges(&has.FunctionConfiguration, archive)
	// Lambda retries a failed change when it gets it again.
	failed := has.State == types.StateFailed || has.LastUpdateStatus == types.LastUpdateStatusFailed
	switch {
	case again:
		settings = append(settings, cloud.Changed("exec-role", "a role that was deleted", "its new role"))
	case failed:
		settings = append(settings, cloud.Changed("last update", "failed", "made again"))
	}
	wanted := p.tags()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		value := wanted[name]
		if has.tags[name] != value {
			changes = append(changes, cloud.Changed("tag "+name, cmp.Or(has.tags[name], cloud.Unset), cmp.Or(value, cloud.Unset)))
		}
	}
	tag := len(changes) > 0
	changes = slices.Concat(settings, replaced, changes)
	if s.DryRun {
		return changes, nil
	}
	if len(settings) > 0 {
		if err := s.updateSettings(ctx, p); err != nil {
			return changes, err
		}
	}
	if len(replaced) > 0 {
		_, err := s.Lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
			FunctionName: &p.name, ZipFile: archive, Architectures: []types.Architecture{p.architecture},
		})
		if err != nil {
			return changes, fmt.Errorf("the code of the function %q cannot be updated: %w", p.name, err)
		}
		if _, err := s.working(ctx, p.name); err != nil {
			return changes, err
		}
	}
	if tag {
		if _, err := s.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: has.FunctionArn, Tags: wanted}); err != nil {
			return changes, fmt.Errorf("the function %q cannot be tagged: %w", p.name, err)
		}
	}
	return changes, nil
}

// updateSettings writes the function's settings, and waits until they take effect.
func (s *Stack) updateSettings(ctx context.Context, p *plan) error {
	err := s.asRole(ctx, p, func() error {
		_, err := s.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &p.name, Runtime: types.RuntimeProvidedal2023, Handler: aws.String(handler),
			Role: &p.role, MemorySize: &p.memory, Timeout: &p.timeout, VpcConfig: p.vpc(),
			Environment: &types.Environment{Variables: p.environment}, TracingConfig: &types.TracingConfig{Mode: p.tracing},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("the function %q cannot be updated: %w", p.name, err)
	}
	_, err = s.working(ctx, p.name)
	return err
}

// asRole makes a call in which Lambda uses the function's role. It retries until IAM
// has spread the role and its rights, which takes seconds (IAM user guide, Troubleshoot
// IAM, changes are not always immediately visible).
func (s *Stack) asRole(ctx context.Context, p *plan, call func() error) error {
	var refused error
	err := poll(ctx, time.Minute, "", func() (bool, error) {
		err := call()
		if !unknownRole(err) {
			refused = nil
			return true, err
		}
		if refused == nil {
			s.OnWait(fmt.Sprintf("IAM to let Lambda use the role %q", cloud.Name(p.role)))
		}
		refused = err
		return false, nil
	})
	if refused != nil && ctx.Err() == nil {
		return refused // Lambda's reason is more useful
	}
	return err
}

// unknownRole reports whether Lambda does not see a role, or its policy, yet. Only the
// text of the error says so.
func unknownRole(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "InvalidParameterValueException" &&
		(strings.Contains(api.ErrorMessage(), "cannot be assumed") || strings.Contains(api.ErrorMessage(), "execution role does not have permissions"))
}
