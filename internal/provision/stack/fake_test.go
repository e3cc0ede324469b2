package stack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
	fanout "fanout/lambda"
)

const (
	account = "123456789012"
	region  = "eu-west-1"
)

// fake is an account in memory. Calls that fail are scripted by fail.
type fake struct {
	heals    bool              // an update repairs a failed function
	code     map[string][]byte // packages so far, by SHA-256
	location string            // where packages of versions are
	calls    []string
	writes   int

	// fail is called before each call, with the name of its operation.
	fail func(operation string) error

	function  *types.FunctionConfiguration
	published []types.FunctionConfiguration // versions
	others    []types.FunctionConfiguration
	fnTags    map[string]string
	fnPolicy  string
	// pending is the number of further reads that find the function, or a table, busy.
	pending int

	mappings []types.EventSourceMappingConfiguration
	subs     []snstypes.Subscription
	role     *iamtypes.Role
	policies map[string]string
	attached []string
	tables   map[string]*table
	items    []map[string]dbtypes.AttributeValue // of the target table
	groups   map[string]*group
	queues   map[string]*fakeQueue
	alarms   map[string]*fakeAlarm
}

type table struct {
	dbtypes.TableDescription
	tags     map[string]string
	pitr     bool
	ttl      string
	leftOver int // reads until it is gone
}

type group struct {
	tags map[string]string
	days *int32
}

func newFake() *fake {
	return &fake{policies: map[string]string{}, tables: map[string]*table{}, groups: map[string]*group{}, queues: map[string]*fakeQueue{}, alarms: map[string]*fakeAlarm{}, code: map[string][]byte{}}
}

func (f *fake) stack() *Stack {
	return &Stack{
		Lambda: fakeLambda{fake: f}, IAM: fakeIAM{fake: f}, Tables: fakeDynamoDB{f}, Queues: fakeSQS{f}, Alarms: fakeCloudWatch{f}, Catalog: fanout.Builtin(), Logs: fakeLogs{f}, Region: region,
		Topics: func(string) cloud.SNSAPI { return fakeSNS{fake: f} }, OnResource: func(Resource) {}, OnWait: func(string) {},
	}
}

func apiError(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

func missing() error { return apiError("ResourceNotFoundException", "not there") }

func (f *fake) call(operation string) error {
	f.calls = append(f.calls, operation)
	if f.fail != nil {
		if err := f.fail(operation); err != nil {
			return &smithy.OperationError{ServiceID: "Fake", OperationName: operation, Err: err}
		}
	}
	if !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "List") && !strings.HasPrefix(operation, "Describe") && operation != "Scan" {
		f.writes++
	}
	return nil
}

// state is the whole state, for comparison.
func (f *fake) state() string {
	var b strings.Builder
	if f.function != nil {
		c := f.function
		fmt.Fprintln(&b, *c.FunctionName, c.Runtime, *c.Handler, *c.MemorySize, *c.Timeout, c.Architectures, *c.Role, c.Environment.Variables, *c.CodeSha256, f.fnTags, network(c))
	}
	if f.role != nil {
		fmt.Fprintln(&b, *f.role.RoleName, *f.role.AssumeRolePolicyDocument, len(f.role.Tags), f.policies)
	}
	for name, t := range f.tables {
		if t.leftOver > 0 {
			continue // it disappears by itself
		}
		fmt.Fprintln(&b, name, t.BillingModeSummary.BillingMode, t.SSEDescription.Status, t.tags, t.pitr, t.ttl)
	}
	for name, g := range f.groups {
		fmt.Fprintln(&b, name, g.tags, aws.ToInt32(g.days))
	}
	for name, q := range f.queues {
		fmt.Fprintln(&b, name, q.tags, q.attributes)
	}
	for name, a := range f.alarms {
		fmt.Fprintln(&b, name, len(a.tags), *a.Threshold, *a.EvaluationPeriods, a.AlarmActions)
	}
	fmt.Fprintln(&b, len(f.mappings), len(f.subs))
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

type fakeLambda struct {
	*fake
	cloud.LambdaAPI // calls that a Stack never makes
}

func (f fakeLambda) GetFunction(_ context.Context, in *lambda.GetFunctionInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	if err := f.call("GetFunction"); err != nil {
		return nil, err
	}
	if f.function == nil || *in.FunctionName != *f.function.FunctionName && *in.FunctionName != *f.function.FunctionArn {
		return nil, missing()
	}
	c := *f.function
	if in.Qualifier != nil {
		return &lambda.GetFunctionOutput{Code: &types.FunctionCodeLocation{Location: aws.String(f.location + *in.Qualifier)}}, nil
	}
	if f.pending > 0 {
		f.pending--
		c.State, c.LastUpdateStatus = types.StatePending, types.LastUpdateStatusInProgress
	}
	return &lambda.GetFunctionOutput{Configuration: &c, Tags: f.fnTags}, nil
}

// ListVersionsByFunction has a page for each version, and the function itself first.
func (f fakeLambda) ListVersionsByFunction(_ context.Context, in *lambda.ListVersionsByFunctionInput, _ ...func(*lambda.Options)) (*lambda.ListVersionsByFunctionOutput, error) {
	latest := *f.function
	latest.Version = aws.String("$LATEST")
	all := append([]types.FunctionConfiguration{latest}, f.published...)
	n := len(aws.ToString(in.Marker))
	out := &lambda.ListVersionsByFunctionOutput{Versions: all[n : n+1]}
	if n+1 < len(all) {
		out.NextMarker = aws.String(strings.Repeat("x", n+1))
	}
	return out, f.call("ListVersionsByFunction")
}

// remember keeps a package, and sets its size.
func (f fakeLambda) remember(archive []byte) {
	f.function.CodeSize = int64(len(archive))
	f.code[code.Package(archive).SHA256()] = archive
}

// ListFunctions has a page for each function.
func (f fakeLambda) ListFunctions(_ context.Context, in *lambda.ListFunctionsInput, _ ...func(*lambda.Options)) (*lambda.ListFunctionsOutput, error) {
	all := f.others
	if f.function != nil {
		all = append([]types.FunctionConfiguration{*f.function}, all...)
	}
	n := len(aws.ToString(in.Marker))
	out := &lambda.ListFunctionsOutput{}
	if n < len(all) {
		out.Functions = all[n : n+1]
	}
	if n+1 < len(all) {
		out.NextMarker = aws.String(strings.Repeat("x", n+1))
	}
	return out, f.call("ListFunctions")
}

func (f fakeLambda) CreateFunction(_ context.Context, in *lambda.CreateFunctionInput, _ ...func(*lambda.Options)) (*lambda.CreateFunctionOutput, error) {
	if err := f.call("CreateFunction"); err != nil {
		return nil, err
	}
	f.function = &types.FunctionConfiguration{
		FunctionName: in.FunctionName, FunctionArn: aws.String("arn:aws:lambda:" + region + ":" + account + ":function:" + *in.FunctionName),
		Runtime: in.Runtime, Handler: in.Handler, MemorySize: in.MemorySize, Timeout: in.Timeout, Role: in.Role, Architectures: in.Architectures,
		Environment: &types.EnvironmentResponse{Variables: in.Environment.Variables}, CodeSha256: aws.String(code.Package(in.Code.ZipFile).SHA256()),
		State: types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful,
	}
	if in.TracingConfig != nil {
		f.function.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	}
	if in.VpcConfig != nil {
		f.function.VpcConfig = &types.VpcConfigResponse{SubnetIds: in.VpcConfig.SubnetIds, SecurityGroupIds: in.VpcConfig.SecurityGroupIds}
	}
	f.remember(in.Code.ZipFile)
	f.fnTags, f.pending = in.Tags, f.pending+2
	return &lambda.CreateFunctionOutput{}, nil
}

func (f fakeLambda) UpdateFunctionConfiguration(_ context.Context, in *lambda.UpdateFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error) {
	if err := f.call("UpdateFunctionConfiguration"); err != nil {
		return nil, err
	}
	if f.pending > 0 {
		return nil, apiError("ResourceConflictException", "an update is in progress")
	}
	c := f.function
	c.Runtime, c.Handler, c.MemorySize, c.Timeout, c.Role = in.Runtime, in.Handler, in.MemorySize, in.Timeout, in.Role
	c.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	if f.heals {
		c.State, c.LastUpdateStatus = types.StateActive, types.LastUpdateStatusSuccessful
	}
	c.Environment = &types.EnvironmentResponse{Variables: in.Environment.Variables}
	c.VpcConfig = &types.VpcConfigResponse{SubnetIds: in.VpcConfig.SubnetIds, SecurityGroupIds: in.VpcConfig.SecurityGroupIds}
	f.pending = 2
	return &lambda.UpdateFunctionConfigurationOutput{}, nil
}

func (f fakeLambda) UpdateFunctionCode(_ context.Context, in *lambda.UpdateFunctionCodeInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionCodeOutput, error) {
	if err := f.call("UpdateFunctionCode"); err != nil {
		return nil, err
	}
	if f.pending > 0 {
		return nil, apiError("ResourceConflictException", "an update is in progress")
	}
	f.function.CodeSha256, f.function.Architectures = aws.String(code.Package(in.ZipFile).SHA256()), in.Architectures
	f.remember(in.ZipFile)
	f.pending = 2
	return &lambda.UpdateFunctionCodeOutput{}, nil
}

func (f fakeLambda) PublishVersion(_ context.Context, in *lambda.PublishVersionInput, _ ...func(*lambda.Options)) (*lambda.PublishVersionOutput, error) {
	if err := f.call("PublishVersion"); err != nil {
		return nil, err
	}
	if *in.CodeSha256 != *f.function.CodeSha256 {
		return nil, apiError("InvalidParameterValueException", "the code is another")
	}
	v := *f.function
	v.Version = aws.String(fmt.Sprint(len(f.published) + 1))
	f.published = append(f.published, v)
	return &lambda.PublishVersionOutput{
		Version: v.Version, FunctionArn: aws.String(fmt.Sprintf("%s:%d", *f.function.FunctionArn, len(f.published))),
	}, nil
}

func (f fakeLambda) TagResource(_ context.Context, in *lambda.TagResourceInput, _ ...func(*lambda.Options)) (*lambda.TagResourceOutput, error) {
	f.fnTags = in.Tags
	return &lambda.TagResourceOutput{}, f.call("TagResource")
}

func (f fakeLambda) GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	if err := f.call("GetPolicy"); err != nil {
		return nil, err
	}
	if f.fnPolicy == "" {
		return nil, missing()
	}
	return &lambda.GetPolicyOutput{Policy: &f.fnPolicy}, nil
}

func (f fakeLambda) ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	return &lambda.ListEventSourceMappingsOutput{EventSourceMappings: f.mappings}, f.call("ListEventSourceMappings")
}

func (f fakeLambda) DeleteEventSourceMapping(_ context.Context, in *lambda.DeleteEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.DeleteEventSourceMappingOutput, error) {
	if err := f.call("DeleteEventSourceMapping"); err != nil {
		return nil, err
	}
	f.mappings = slices.DeleteFunc(f.mappings, func(m types.EventSourceMappingConfiguration) bool { return *m.UUID == *in.UUID })
	return &lambda.DeleteEventSourceMappingOutput{}, nil
}

func (f fakeLambda) DeleteFunction(context.Context, *lambda.DeleteFunctionInput, ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error) {
	if err := f.call("DeleteFunction"); err != nil {
		return nil, err
	}
	f.function = nil
	return &lambda.DeleteFunctionOutput{}, nil
}

func (f fakeLambda) GetFunctionEventInvokeConfig(context.Context, *lambda.GetFunctionEventInvokeConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	if err := f.call("GetFunctionEventInvokeConfig"); err != nil {
		return nil, err
	}
	return nil, missing()
}

type fakeSNS struct {
	*fake
	cloud.SNSAPI // calls that a Stack never makes
}

func (f fakeSNS) ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: f.subs}, f.call("ListSubscriptionsByTopic")
}

func (f fakeSNS) Unsubscribe(_ context.Context, in *sns.UnsubscribeInput, _ ...func(*sns.Options)) (*sns.UnsubscribeOutput, error) {
	if err := f.call("Unsubscribe"); err != nil {
		return nil, err
	}
	f.subs = slices.DeleteFunc(f.subs, func(s snstypes.Subscription) bool { return *s.SubscriptionArn == *in.SubscriptionArn })
	return &sns.UnsubscribeOutput{}, nil
}

type fakeLogs struct{ *fake }

func (f fakeLogs) DescribeLogGroups(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	var out cloudwatchlogs.DescribeLogGroupsOutput
	for name, g := range f.groups {
		out.LogGroups = append(out.LogGroups, logstypes.LogGroup{LogGroupName: aws.String(name), Arn: aws.String("arn:aws:logs:::" + name + ":*"), RetentionInDays: g.days})
	}
	return &out, f.call("DescribeLogGroups")
}

func (f fakeLogs) CreateLogGroup(_ context.Context, in *cloudwatchlogs.CreateLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	if err := f.call("CreateLogGroup"); err != nil {
		return nil, err
	}
	f.groups[*in.LogGroupName] = &group{tags: in.Tags}
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (f fakeLogs) PutRetentionPolicy(_ context.Context, in *cloudwatchlogs.PutRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	if err := f.call("PutRetentionPolicy"); err != nil {
		return nil, err
	}
	f.groups[*in.LogGroupName].days = in.RetentionInDays
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
}

func (f fakeLogs) DeleteRetentionPolicy(_ context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	f.groups[*in.LogGroupName].days = nil
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, f.call("DeleteRetentionPolicy")
}

func (f fakeLogs) ListTagsForResource(_ context.Context, in *cloudwatchlogs.ListTagsForResourceInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	if err := f.call("ListTagsForResource"); err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: f.groups[strings.TrimPrefix(*in.ResourceArn, "arn:aws:logs:::")].tags}, nil
}

func (f fakeLogs) DeleteLogGroup(_ context.Context, in *cloudwatchlogs.DeleteLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	if err := f.call("DeleteLogGroup"); err != nil {
		return nil, err
	}
	delete(f.groups, *in.LogGroupName)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}
