package hooks

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
)

// Every setting that an update changes is reported with its old and new value.
func TestChanges(t *testing.T) {
	queue := &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:q")}}
	old := &types.EventSourceMappingConfiguration{
		BatchSize: aws.Int32(100), BisectBatchOnFunctionError: aws.Bool(true), DestinationConfig: queue, MaximumRecordAgeInSeconds: aws.Int32(-1),
		FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String("{1}")}, {Pattern: aws.String("{2}")}}},
	}
	got := changes(old, &lambda.UpdateEventSourceMappingInput{
		BatchSize: aws.Int32(500), MaximumBatchingWindowInSeconds: aws.Int32(90), ParallelizationFactor: aws.Int32(2), MaximumRetryAttempts: aws.Int32(3),
		MaximumRecordAgeInSeconds: aws.Int32(3600), BisectBatchOnFunctionError: aws.Bool(false), FilterCriteria: &types.FilterCriteria{},
		DestinationConfig:     &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("")}},
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
	})
	if diff := cmp.Diff([]cloud.Change{
		cloud.Changed("batch-size", "100", "500"), cloud.Changed("batching-window", "(unset)", "1m30s"), cloud.Changed("parallelization-factor", "(unset)", "2"),
		cloud.Changed("maximum-retry-attempts", "(unset)", "3"), cloud.Changed("maximum-record-age", "-1", "1h0m0s"), cloud.Changed("bisect", "true", "false"),
		cloud.Changed("on-failure", "arn:q", "(unset)"), cloud.Changed("filter", "{1} {2}", "(unset)"), cloud.Changed("ReportBatchItemFailures", "false", "true"),
	}, got); diff != "" {
		t.Error(diff)
	}
	if got := changes(old, &lambda.UpdateEventSourceMappingInput{}); got != nil {
		t.Errorf("no change: %v", got)
	}
}
