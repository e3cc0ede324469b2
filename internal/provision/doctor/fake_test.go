package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/internal/testing/awsfake"
	fanout "fanout/lambda"
)

// account is a fake account: its resources, and the calls that fail.
type account struct {
	destinations

	// Calls that a Doctor never makes.
	registry.API
	cloud.LambdaReader
	cloud.SQSReader
	cloud.IAMAPI

	functions map[string]*lambda.GetFunctionConfigurationOutput // by name, ARN or both
	mappings  []types.EventSourceMappingConfiguration
	items     []map[string]string // of the target table; true and false are booleans
	tables    map[string]*dynamodbtypes.TableDescription
	shared    map[string]string // resource policies of tables, by ARN
	groups    map[string]*int32 // retention of log groups
	callers   string            // sources that may invoke the function, in its own policy; "": none
	failures  string            // ARN of the destination for failed messages; "": none
	ages      []float64         // milliseconds
	role      *iamtypes.Role
	inline    map[string]string // policies of the role; nil: the policy that it needs
	attached  map[string]string
	subnets   []cloud.Subnet
	routes    []cloud.RouteTable
	endpoints []cloud.Endpoint
	fail      map[string]string // error codes, by call
}

// call returns the error of a call, if the call must fail or its subject is missing.
func (a *account) call(service, operation string, there bool) error {
	code := a.fail[operation]
	if code == "" && there {
		return nil
	}
	if code == "" {
		code = "ResourceNotFoundException"
	}
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: "No."}}
}

func (a *account) GetFunctionConfiguration(_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	f := a.functions[*in.FunctionName]
	return f, a.call("Lambda", "GetFunctionConfiguration", f != nil)
}

func (a *account) GetFunction(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	return nil, a.call("Lambda", "GetFunction", false)
}

func (a *account) ListEventSourceMappings(_ context.Context, in *lambda.ListEventSourceMappingsInput, _ ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	out := &lambda.ListEventSourceMappingsOutput{}
	if in.Marker != nil { // the second page has all but one
		out.EventSourceMappings = a.mappings[1:]
	} else if len(a.mappings) > 0 {
		out.EventSourceMappings, out.NextMarker = a.mappings[:1], aws.String("more")
	}
	return out, a.call("Lambda", "ListEventSourceMappings", true)
}

func (a *account) GetFunctionEventInvokeConfig(context.Context, *lambda.GetFunctionEventInvokeConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	to := &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &a.failures}}
	return &lambda.GetFunctionEventInvokeConfigOutput{DestinationConfig: to}, a.call("Lambda", "GetFunctionEventInvokeConfig", a.failures != "")
}

func (a *account) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	t := a.tables[*in.TableName]
	return &dynamodb.DescribeTableOutput{Table: t}, a.call("DynamoDB", "DescribeTable", t != nil)
}

func (a *account) GetResourcePolicy(_ context.Context, in *dynamodb.GetResourcePolicyInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetResourcePolicyOutput, error) {
	if policy, ok := a.shared[*in.ResourceArn]; ok {
		return &dynamodb.GetResourcePolicyOutput{Policy: &policy}, a.call("DynamoDB", "GetResourcePolicy", true)
	}
	if a.fail["GetResourcePolicy"] == "" {
		return nil, &dynamodbtypes.PolicyNotFoundException{}
	}
	return nil, a.call("DynamoDB", "GetResourcePolicy", true)
}

func (a *account) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out := &dynamodb.ScanOutput{Items: []map[string]dynamodbtypes.AttributeValue{}, Count: int32(len(a.items))}
	for _, item := range a.items {
		i := make(map[string]dynamodbtypes.AttributeValue)
		for name, v := range item {
			switch {
			case v == "true" || v == "false":
				i[name] = &dynamodbtypes.AttributeValueMemberBOOL{Value: v == "true"}
			case strings.HasPrefix(name, "max") || strings.HasPrefix(name, "batch"):
				i[name] = &dynamodbtypes.AttributeValueMemberN{Value: v}
			default:
				i[name] = &dynamodbtypes.AttributeValueMemberS{Value: v}
			}
		}
		out.Items = append(out.Items, i)
	}
	return out, a.call("DynamoDB", "Scan", true)
}

func (a *account) DescribeLogGroups(_ context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	for name, days := range a.groups {
		if strings.HasPrefix(name, *in.LogGroupNamePrefix) {
			out.LogGroups = append(out.LogGroups, logstypes.LogGroup{LogGroupName: &name, RetentionInDays: days})
		}
	}
	return out, a.call("CloudWatch Logs", "DescribeLogGroups", true)
}

func (a *account) GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	out := &cloudwatch.GetMetricStatisticsOutput{}
	for _, age := range a.ages {
		out.Datapoints = append(out.Datapoints, cloudwatchtypes.Datapoint{Maximum: &age})
	}
	return out, a.call("CloudWatch", "GetMetricStatistics", true)
}

func (a *account) GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return &iam.GetRoleOutput{Role: a.role}, a.call("IAM", "GetRole", a.role != nil)
}

func (a *account) ListRolePolicies(context.Context, *iam.ListRolePoliciesInput, ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	out := &iam.ListRolePoliciesOutput{}
	for name := range a.inline {
		out.PolicyNames = append(out.PolicyNames, name)
	}
	return out, a.call("IAM", "ListRolePolicies", true)
}

func (a *account) GetRolePolicy(_ context.Context, in *iam.GetRolePolicyInput, _ ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	text, ok := a.inline[*in.PolicyName]
	return &iam.GetRolePolicyOutput{PolicyDocument: &text}, a.call("IAM", "GetRolePolicy", ok)
}

func (a *account) PutRolePolicy(context.Context, *iam.PutRolePolicyInput, ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	panic("a Doctor changes nothing")
}

func (a *account) ListAttachedRolePolicies(context.Context, *iam.ListAttachedRolePoliciesInput, ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	out := &iam.ListAttachedRolePoliciesOutput{}
	for name := range a.attached {
		out.AttachedPolicies = append(out.AttachedPolicies, iamtypes.AttachedPolicy{PolicyArn: &name})
	}
	return out, a.call("IAM", "ListAttachedRolePolicies", true)
}

func (a *account) GetPolicy(context.Context, *iam.GetPolicyInput, ...func(*iam.Options)) (*iam.GetPolicyOutput, error) {
	return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v3")}}, a.call("IAM", "GetPolicy", true)
}

func (a *account) GetPolicyVersion(_ context.Context, in *iam.GetPolicyVersionInput, _ ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error) {
	text := a.attached[*in.PolicyArn]
	return &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: &text}}, a.call("IAM", "GetPolicyVersion", *in.VersionId == "v3")
}

func (a *account) DescribeSubnets(context.Context, []string) ([]cloud.Subnet, error) {
	return a.subnets, a.call("EC2", "DescribeSubnets", true)
}

func (a *account) DescribeRouteTables(context.Context, string) ([]cloud.RouteTable, error) {
	return a.routes, a.call("EC2", "DescribeRouteTables", true)
}

func (a *account) DescribeVpcEndpoints(context.Context, string) ([]cloud.Endpoint, error) {
	return a.endpoints, a.call("EC2", "DescribeVpcEndpoints", true)
}

// functions is the account for Lambda, whose policies differ from IAM's.
type functions struct{ *account }

func (f functions) GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	return &lambda.GetPolicyOutput{Policy: &f.callers}, f.call("Lambda", "GetPolicy", f.callers != "")
}

func (a *account) manager() *role.Manager {
	return &role.Manager{IAM: a, Lambda: functions{a}, DynamoDB: a, Catalog: fanout.Builtin()}
}

func (a *account) services() Services {
	return Services{
		Catalog: fanout.Builtin(),
		Lambda:  functions{a}, DynamoDB: a, IAM: a, Logs: a, CloudWatch: a, EC2: a, Policies: a.manager(),
		In: func(string) Region {
			return Region{Config: awsfake.Config(a.answer), SNS: a}
		},
	}
}
