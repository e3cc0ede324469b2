package hooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// Variable allows the function to report failed items instead of failing the whole
// batch. That is safe only if every mapping asks for the report. Any other mapping
// takes the answer as success, and the failed records are lost.
const Variable = "FANOUT_REPORT_BATCH_ITEM_FAILURES"

// Report sets the function's variable to match its mappings. others are the sources
// whose mappings do not ask for ReportBatchItemFailures; with any, the value is false.
func (h *Hooks) Report(ctx context.Context) (did cloud.Outcome, value bool, others []string, err error) {
	all, err := h.mappings(ctx, "")
	if err != nil {
		return "", false, nil, err
	}
	if h.DryRun {
		all = h.foreseen(all)
	}
	for i := range all {
		if !reports(&all[i]) {
			others = append(others, aws.ToString(all[i].EventSourceArn))
		}
	}
	value = len(all) > 0 && len(others) == 0
	did, err = h.set(ctx, value)
	return did, value, others, err
}

func reports(m *types.EventSourceMappingConfiguration) bool {
	return slices.Contains(m.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures)
}

// set writes the variable, unless it has that value already.
func (h *Hooks) set(ctx context.Context, value bool) (cloud.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function})
		if err != nil {
			return "", h.unknown(err, "function")
		}
		variables := map[string]string{}
		if f.Environment != nil {
			maps.Copy(variables, f.Environment.Variables)
		}
		if is, _ := strconv.ParseBool(variables[Variable]); is == value { // a value that is not a boolean counts as false
			return cloud.Unchanged, nil
		}
		if h.DryRun {
			return cloud.Updated, nil
		}
		variables[Variable] = strconv.FormatBool(value)
		_, err = h.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &h.Function, RevisionId: f.RevisionId, Environment: &types.Environment{Variables: variables},
		})
		switch {
		case err == nil:
			return cloud.Updated, nil
		// Another update is running or has just finished: start over.
		case !awserr.HasCode(err, "ResourceConflictException", "PreconditionFailedException"):
			return "", fmt.Errorf("the variable %s of the function %q cannot be set: %w", Variable, h.Function, err)
		}
		if wait(ctx) != nil {
			return "", fmt.Errorf("the variable %s of the function %q cannot be set, because another update is still in progress; try again: %w", Variable, h.Function, err)
		}
	}
}
