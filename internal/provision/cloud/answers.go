package cloud

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/internal/awserr"
)

// whole turns an answer that lacks a required part, such as {}, into an error, so that
// callers need not check.
func whole(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WholeAnswer",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleInitialize(ctx, in)
			if err == nil && lacking(out.Result) {
				r, _ := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response)
				if r == nil {
					return out, metadata, new(awserr.NotAWS)
				}
				return out, metadata, awserr.NotAWSFrom(r.Response)
			}
			return out, metadata, err
		}), middleware.Before)
}

// lacking reports whether an answer lacks a part that the API always returns.
func lacking(answer any) bool {
	switch a := answer.(type) {
	case *dynamodb.DescribeTableOutput:
		return a.Table == nil
	case *firehose.DescribeDeliveryStreamOutput:
		return a.DeliveryStreamDescription == nil
	case *iam.CreateRoleOutput:
		return a.Role == nil
	case *iam.GetRoleOutput:
		return a.Role == nil
	case *iam.GetPolicyOutput:
		return a.Policy == nil
	case *iam.GetPolicyVersionOutput:
		return a.PolicyVersion == nil
	case *iot.DescribeEndpointOutput:
		return a.EndpointAddress == nil
	case *kinesis.DescribeStreamSummaryOutput:
		return a.StreamDescriptionSummary == nil
	case *kms.DescribeKeyOutput:
		return a.KeyMetadata == nil
	case *lambda.GetFunctionOutput:
		return a.Configuration == nil || a.Configuration.FunctionArn == nil
	case *lambda.GetFunctionConfigurationOutput:
		return a.FunctionArn == nil
	case *lambda.CreateFunctionOutput:
		return a.FunctionArn == nil
	case *lambda.CreateEventSourceMappingOutput:
		return a.UUID == nil
	case *lambda.GetEventSourceMappingOutput:
		return a.UUID == nil
	case *lambda.GetPolicyOutput:
		return a.Policy == nil
	case *opensearch.DescribeDomainOutput:
		return a.DomainStatus == nil
	case *sqs.GetQueueUrlOutput:
		return a.QueueUrl == nil
	}
	return false
}
