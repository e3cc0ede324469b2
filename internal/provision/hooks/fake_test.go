package hooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/cloud"
)

const (
	stream   = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	topic    = "arn:aws:sns:eu-west-1:123456789012:alerts"
	function = "arn:aws:lambda:eu-west-1:123456789012:function:fanout"
)

// fakeLambda has one function called fanout, and its mappings.
type fakeLambda struct {
	cloud.LambdaAPI // calls that Hooks never make

	mappings    []types.EventSourceMappingConfiguration
	variables   map[string]string
	permissions []cloud.Caller
	async       *lambda.PutFunctionEventInvokeConfigInput // nil: Lambda's own
	deadLetters string
	settling    int                // states that GetEventSourceMapping returns before the last
	refuse      map[string][]error // errors of the next calls, by operation
	calls       []string
}

func code(c, text string) error { return &smithy.GenericAPIError{Code: c, Message: text} }

var errDenied = code("AccessDeniedException", "no")

func newFake() (*Hooks, *fakeLambda, *fakeSNS) {
	l := &fakeLambda{variables: map[string]string{"FANOUT_LOG_LEVEL": "warn"}, refuse: map[string][]error{}}
	s := &fakeSNS{filters: map[string]string{}}
	return &Hooks{Lambda: l, SNS: s, Function: "fanout", Granted: true}, l, s
}

func (f *fakeLambda) call(ctx context.Context, op string, function *string) error {
	f.calls = append(f.calls, op)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errs := f.refuse[op]; len(errs) > 0 {
		f.refuse[op] = errs[1:]
		return errs[0]
	}
	if function != nil && *function != "fanout" && *function != "arn:aws:lambda:eu-west-1:123456789012:function:fanout" {
		return &types.ResourceNotFoundException{}
	}
	return nil
}

func (f *fakeLambda) ListEventSourceMappings(ctx context.Context, in *lambda.ListEventSourceMappingsInput, _ ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	out := &lambda.ListEventSourceMappingsOutput{}
	for _, m := range f.mappings {
		if in.EventSourceArn == nil || *in.EventSourceArn == aws.ToString(m.EventSourceArn) {
			out.EventSourceMappings = append(out.EventSourceMappings, m)
		}
	}
	return out, f.call(ctx, "ListEventSourceMappings", in.FunctionName)
}

func (f *fakeLambda) CreateEventSourceMapping(ctx context.Context, in *lambda.CreateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.CreateEventSourceMappingOutput, error) {
	if err := f.call(ctx, "CreateEventSourceMapping", in.FunctionName); err != nil {
		return nil, err
	}
	f.mappings = append(f.mappings, types.EventSourceMappingConfiguration{
		UUID: aws.String(fmt.Sprint(len(f.mappings))), EventSourceArn: in.EventSourceArn, State: aws.String("Enabled"),
		BatchSize: in.BatchSize, MaximumBatchingWindowInSeconds: in.MaximumBatchingWindowInSeconds,
		StartingPosition: in.StartingPosition, StartingPositionTimestamp: in.StartingPositionTimestamp,
		ParallelizationFactor: in.ParallelizationFactor, MaximumRetryAttempts: in.MaximumRetryAttempts,
		MaximumRecordAgeInSeconds: in.MaximumRecordAgeInSeconds, BisectBatchOnFunctionError: in.BisectBatchOnFunctionError,
		DestinationConfig: in.DestinationConfig, FilterCriteria: in.FilterCriteria, FunctionResponseTypes: in.FunctionResponseTypes,
		ScalingConfig: in.ScalingConfig, Topics: in.Topics, SelfManagedEventSource: in.SelfManagedEventSource,
		SelfManagedKafkaEventSourceConfig: in.SelfManagedKafkaEventSourceConfig, AmazonManagedKafkaEventSourceConfig: in.AmazonManagedKafkaEventSourceConfig,
		SourceAccessConfigurations: in.SourceAccessConfigurations, ProvisionedPollerConfig: in.ProvisionedPollerConfig,
	})
	return &lambda.CreateEventSourceMappingOutput{}, nil
}

func (f *fakeLambda) find(uuid *string) int {
	return slices.IndexFunc(f.mappings, func(m types.EventSourceMappingConfiguration) bool { return *m.UUID == *uuid })
}

func (f *fakeLambda) UpdateEventSourceMapping(ctx context.Context, in *lambda.UpdateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error) {
	if err := f.call(ctx, "UpdateEventSourceMapping", nil); err != nil {
		return nil, err
	}
	m := &f.mappings[f.find(in.UUID)]
	if in.Enabled != nil {
		m.State = aws.String(map[bool]string{true: "Enabled", false: "Disabled"}[*in.Enabled])
	}
	if in.BatchSize != nil {
		m.BatchSize = in.BatchSize
	}
	if in.ScalingConfig != nil {
		m.ScalingConfig = in.ScalingConfig
	}
	if in.ProvisionedPollerConfig != nil {
		m.ProvisionedPollerConfig = in.ProvisionedPollerConfig
	}
	if in.SourceAccessConfigurations != nil {
		m.SourceAccessConfigurations = in.SourceAccessConfigurations
	}
	if in.FunctionResponseTypes != nil {
		m.FunctionResponseTypes = in.FunctionResponseTypes
	}
	if in.DestinationConfig != nil {
		m.DestinationConfig = in.DestinationConfig
	}
	if in.FilterCriteria != nil {
		m.FilterCriteria = in.FilterCriteria
	}
	return &lambda.UpdateEventSourceMappingOutput{}, nil
}

func (f *fakeLambda) DeleteEventSourceMapping(ctx context.Context, in *lambda.DeleteEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.DeleteEventSourceMappingOutput, error) {
	if err := f.call(ctx, "DeleteEventSourceMapping", nil); err != nil {
		return nil, err
	}
	f.mappings = slices.Delete(f.mappings, f.find(in.UUID), f.find(in.UUID)+1)
	return &lambda.DeleteEventSourceMappingOutput{}, nil
}

func (f *fakeLambda) GetEventSourceMapping(ctx context.Context, in *lambda.GetEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.GetEventSourceMappingOutput, error) {
	if err := f.call(ctx, "GetEventSourceMapping", nil); err != nil {
		return nil, err
	}
	if f.settling > 0 {
		f.settling--
		return &lambda.GetEventSourceMappingOutput{State: aws.String("Updating")}, nil
	}
	i := f.find(in.UUID)
	if i < 0 {
		return nil, &types.ResourceNotFoundException{}
	}
	return &lambda.GetEventSourceMappingOutput{State: f.mappings[i].State}, nil
}

func (f *fakeLambda) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	return &lambda.GetFunctionConfigurationOutput{
		FunctionArn:      aws.String(function),
		DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &f.deadLetters},
		Environment:      &types.EnvironmentResponse{Variables: maps.Clone(f.variables)},
	}, f.call(ctx, "GetFunctionConfiguration", in.FunctionName)
}

func (f *fakeLambda) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error) {
	if err := f.call(ctx, "UpdateFunctionConfiguration", in.FunctionName); err != nil {
		return nil, err
	}
	f.variables = in.Environment.Variables
	return &lambda.UpdateFunctionConfigurationOutput{}, nil
}

func (f *fakeLambda) AddPermission(ctx context.Context, in *lambda.AddPermissionInput, _ ...func(*lambda.Options)) (*lambda.AddPermissionOutput, error) {
	if err := f.call(ctx, "AddPermission", in.FunctionName); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(f.permissions, func(c cloud.Caller) bool { return c.Statement == *in.StatementId }) {
		return nil, &types.ResourceConflictException{}
	}
	f.permissions = append(f.permissions, cloud.Caller{Statement: *in.StatementId, Source: *in.SourceArn})
	return &lambda.AddPermissionOutput{}, nil
}

func (f *fakeLambda) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput, _ ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	if err := f.call(ctx, "GetPolicy", in.FunctionName); err != nil {
		return nil, err
	}
	if len(f.permissions) == 0 {
		return nil, &types.ResourceNotFoundException{}
	}
	var statements []string
	for _, p := range f.permissions {
		statements = append(statements, fmt.Sprintf(`{"Sid": %q, "Effect": "Allow", "Condition": {"ArnLike": {"AWS:SourceArn": %q}}}`, p.Statement, p.Source))
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(`{"Statement": [` + strings.Join(statements, ",") + "]}")}, nil
}

func (f *fakeLambda) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput, _ ...func(*lambda.Options)) (*lambda.RemovePermissionOutput, error) {
	if err := f.call(ctx, "RemovePermission", in.FunctionName); err != nil {
		return nil, err
	}
	f.permissions = slices.DeleteFunc(f.permissions, func(c cloud.Caller) bool { return c.Statement == *in.StatementId })
	return &lambda.RemovePermissionOutput{}, nil
}

func (f *fakeLambda) GetFunctionEventInvokeConfig(ctx context.Context, in *lambda.GetFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	if err := f.call(ctx, "GetFunctionEventInvokeConfig", in.FunctionName); err != nil {
		return nil, err
	}
	if f.async == nil {
		return nil, &types.ResourceNotFoundException{}
	}
	return &lambda.GetFunctionEventInvokeConfigOutput{
		MaximumRetryAttempts: f.async.MaximumRetryAttempts, MaximumEventAgeInSeconds: f.async.MaximumEventAgeInSeconds, DestinationConfig: f.async.DestinationConfig,
	}, nil
}

// PutFunctionEventInvokeConfig replaces all settings, and needs at least one.
func (f *fakeLambda) PutFunctionEventInvokeConfig(ctx context.Context, in *lambda.PutFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.PutFunctionEventInvokeConfigOutput, error) {
	if err := f.call(ctx, "PutFunctionEventInvokeConfig", in.FunctionName); err != nil {
		return nil, err
	}
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil && in.DestinationConfig == nil {
		return nil, code("InvalidParameterValueException", "You must specify at least one of the parameters")
	}
	f.async = in
	return &lambda.PutFunctionEventInvokeConfigOutput{}, nil
}

func (f *fakeLambda) DeleteFunctionEventInvokeConfig(ctx context.Context, in *lambda.DeleteFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionEventInvokeConfigOutput, error) {
	if err := f.call(ctx, "DeleteFunctionEventInvokeConfig", in.FunctionName); err != nil {
		return nil, err
	}
	if f.async == nil {
		return nil, &types.ResourceNotFoundException{}
	}
	f.async = nil
	return &lambda.DeleteFunctionEventInvokeConfigOutput{}, nil
}

// fakeSNS has one topic, and its subscriptions.
type fakeSNS struct {
	cloud.SNSAPI // calls that Hooks never make

	subscriptions []snstypes.Subscription
	filters       map[string]string // by subscription
	refuse        error
	refuseChange  error // for calls that write
}

func (f *fakeSNS) ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: f.subscriptions}, nil
}

func (f *fakeSNS) Subscribe(_ context.Context, in *sns.SubscribeInput, _ ...func(*sns.Options)) (*sns.SubscribeOutput, error) {
	if f.refuseChange != nil {
		return nil, f.refuseChange
	}
	arn := fmt.Sprintf("%s:%d", *in.TopicArn, len(f.subscriptions))
	f.subscriptions = append(f.subscriptions, snstypes.Subscription{SubscriptionArn: &arn, Protocol: in.Protocol, Endpoint: in.Endpoint})
	f.filters[arn] = in.Attributes["FilterPolicy"]
	return &sns.SubscribeOutput{}, nil
}

func (f *fakeSNS) SetSubscriptionAttributes(_ context.Context, in *sns.SetSubscriptionAttributesInput, _ ...func(*sns.Options)) (*sns.SetSubscriptionAttributesOutput, error) {
	if f.refuseChange != nil {
		return nil, f.refuseChange
	}
	f.filters[*in.SubscriptionArn] = *in.AttributeValue
	return &sns.SetSubscriptionAttributesOutput{}, nil
}

func (f *fakeSNS) Unsubscribe(_ context.Context, in *sns.UnsubscribeInput, _ ...func(*sns.Options)) (*sns.UnsubscribeOutput, error) {
	f.subscriptions = slices.DeleteFunc(f.subscriptions, func(s snstypes.Subscription) bool { return *s.SubscriptionArn == *in.SubscriptionArn })
	return &sns.UnsubscribeOutput{}, nil
}
