package hooks

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// exists fails if the function does not exist.
func (h *Hooks) exists(ctx context.Context) error {
	if _, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function}); err != nil {
		return h.unknown(err, "function")
	}
	return nil
}

// foreseen returns the mappings as Hook or Unhook would have left them.
func (h *Hooks) foreseen(all []types.EventSourceMappingConfiguration) []types.EventSourceMappingConfiguration {
	all = slices.DeleteFunc(all, func(m types.EventSourceMappingConfiguration) bool {
		source := aws.ToString(m.EventSourceArn)
		return source != "" && (source == h.coming || source == h.leaving)
	})
	if h.coming == "" {
		return all
	}
	m := types.EventSourceMappingConfiguration{EventSourceArn: &h.coming}
	if h.reporting {
		m.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	}
	return append(all, m)
}
