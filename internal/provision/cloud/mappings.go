package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/pages"
)

// Mappings returns the event source mappings of a function, except any that are being
// deleted. source selects one source; "" means all. Lambda also lists the mappings of a
// function that does not exist.
func Mappings(ctx context.Context, client lambda.ListEventSourceMappingsAPIClient, function, source string) ([]types.EventSourceMappingConfiguration, error) {
	in := &lambda.ListEventSourceMappingsInput{FunctionName: &function}
	if source != "" {
		in.EventSourceArn = &source
	}
	var all []types.EventSourceMappingConfiguration
	for page, err := range pages.Of(ctx, lambda.NewListEventSourceMappingsPaginator(client, in)) {
		if err != nil {
			return nil, fmt.Errorf("the mappings of the function %q cannot be listed: %w", function, err)
		}
		for _, m := range page.EventSourceMappings {
			if aws.ToString(m.State) != "Deleting" {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// OnFailure returns the ARN of the destination for failures, "" if there is none.
func OnFailure(d *types.DestinationConfig) string {
	if d == nil || d.OnFailure == nil {
		return ""
	}
	return aws.ToString(d.OnFailure.Destination)
}

// Endless reports whether a mapping retries a batch until its records expire.
func Endless(m types.EventSourceMappingConfiguration) bool {
	return (m.MaximumRetryAttempts == nil || *m.MaximumRetryAttempts < 0) && (m.MaximumRecordAgeInSeconds == nil || *m.MaximumRecordAgeInSeconds < 0)
}
