package role

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/cloud"
	"fanout/internal/testing/awsfake"
	fanout "fanout/lambda"
)

// fake is one account: a function, its role, its targets, and the keys of resources.
type fake struct {
	fail map[string]error // by operation

	function  *types.FunctionConfiguration
	mappings  []types.EventSourceMappingConfiguration
	onFailure string // of asynchronous invocations
	role      *iamtypes.Role
	policy    string // the inline one; "": none
	writes    int
	targets   []map[string]dbtypes.AttributeValue
	keys      map[string]string // ids, by name of the encrypted resource
	known     map[string]string // ARNs of keys, by id or alias
}

func (f *fake) manager() *Manager {
	return &Manager{IAM: fakeIAM{fake: f}, Lambda: fakeLambda{fake: f}, DynamoDB: fakeDynamoDB{f}, Catalog: fanout.Builtin(), In: func(string) Region {
		return Region{Config: awsfake.Config(f.answer), KMS: fakeKMS{f}, DynamoDB: fakeDynamoDB{f}, Secrets: fakeSecrets{f}}
	}}
}

func code(c string) error { return &smithy.GenericAPIError{Code: c, Message: "no"} }

type fakeLambda struct {
	*fake
	cloud.LambdaReader // calls that a Manager never makes
}

func (f fakeLambda) GetFunction(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	if f.function == nil {
		return nil, code("ResourceNotFoundException")
	}
	return &lambda.GetFunctionOutput{Configuration: f.function}, f.fail["GetFunction"]
}

func (f fakeLambda) ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	return &lambda.ListEventSourceMappingsOutput{EventSourceMappings: f.mappings}, f.fail["ListEventSourceMappings"]
}

func (f fakeLambda) GetFunctionEventInvokeConfig(context.Context, *lambda.GetFunctionEventInvokeConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	err := f.fail["GetFunctionEventInvokeConfig"]
	if f.onFailure == "" && err == nil {
		return nil, code("ResourceNotFoundException")
	}
	to := &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &f.onFailure}}
	return &lambda.GetFunctionEventInvokeConfigOutput{DestinationConfig: to}, err
}

type fakeIAM struct {
	*fake
	cloud.IAMAPI // calls that a Manager never makes
}

func (f fakeIAM) GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	if f.role == nil {
		return nil, code("NoSuchEntity")
	}
	return &iam.GetRoleOutput{Role: f.role}, f.fail["GetRole"]
}

func (f fakeIAM) GetRolePolicy(context.Context, *iam.GetRolePolicyInput, ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	if f.policy == "" {
		return nil, code("NoSuchEntity")
	}
	return &iam.GetRolePolicyOutput{PolicyDocument: aws.String(url.PathEscape(f.policy))}, f.fail["GetRolePolicy"]
}

func (f fakeIAM) PutRolePolicy(_ context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	if err := f.fail["PutRolePolicy"]; err != nil {
		return nil, err
	}
	f.policy = *in.PolicyDocument
	f.writes++
	return &iam.PutRolePolicyOutput{}, nil
}

type fakeDynamoDB struct{ *fake }

func (f fakeDynamoDB) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	items := append([]map[string]dbtypes.AttributeValue{}, f.targets...)
	return &dynamodb.ScanOutput{Items: items, Count: int32(len(items))}, f.fail["Scan"]
}

func (f fakeDynamoDB) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, code("unused")
}

func (f fakeDynamoDB) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, code("unused")
}

func (f fakeDynamoDB) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	var t dbtypes.TableDescription
	if id := f.keys[*in.TableName]; id != "" {
		t.SSEDescription = &dbtypes.SSEDescription{KMSMasterKeyArn: &id}
	}
	return &dynamodb.DescribeTableOutput{Table: &t}, f.fail["DescribeTable"]
}

type fakeKMS struct{ *fake }

func (f fakeKMS) DescribeKey(_ context.Context, in *kms.DescribeKeyInput, _ ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	key, ok := f.known[*in.KeyId]
	if err := f.fail["DescribeKey"]; err != nil {
		return nil, err
	}
	if !ok {
		return nil, code("NotFoundException")
	}
	return &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{Arn: &key}}, nil
}

// answer answers the calls of the types' clients.
func (f *fake) answer(_ context.Context, in any) (any, error) {
	switch in := in.(type) {
	case *kinesis.DescribeStreamSummaryInput:
		d := &kinesistypes.StreamDescriptionSummary{}
		if id, ok := f.keys[*in.StreamARN]; ok {
			d.KeyId = &id
		}
		return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: d}, f.fail["DescribeStreamSummary"]
	case *sqs.GetQueueAttributesInput:
		return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"KmsMasterKeyId": f.keys[*in.QueueUrl]}}, f.fail["GetQueueAttributes"]
	case *sns.GetTopicAttributesInput:
		return &sns.GetTopicAttributesOutput{Attributes: map[string]string{"KmsMasterKeyId": f.keys[*in.TopicArn]}}, f.fail["GetTopicAttributes"]
	case *s3.GetBucketEncryptionInput:
		id := f.keys["s3://"+*in.Bucket]
		by := s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &id}
		return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
			Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &by}},
		}}, f.fail["GetBucketEncryption"]
	}
	return nil, fmt.Errorf("a Manager makes no call with %T", in)
}

type fakeSecrets struct{ *fake }

func (f fakeSecrets) DescribeSecret(_ context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	id := f.keys[*in.SecretId]
	return &secretsmanager.DescribeSecretOutput{KmsKeyId: &id}, f.fail["DescribeSecret"]
}
