package hooks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
)

// changes lists the settings that in changes in a mapping.
func changes(old *types.EventSourceMappingConfiguration, in *lambda.UpdateEventSourceMappingInput) []cloud.Change {
	var all []cloud.Change
	all = noted(all, "batch-size", old.BatchSize, in.BatchSize, number)
	all = noted(all, "batching-window", old.MaximumBatchingWindowInSeconds, in.MaximumBatchingWindowInSeconds, seconds)
	all = noted(all, "parallelization-factor", old.ParallelizationFactor, in.ParallelizationFactor, number)
	all = noted(all, "maximum-retry-attempts", old.MaximumRetryAttempts, in.MaximumRetryAttempts, number)
	all = noted(all, "maximum-record-age", old.MaximumRecordAgeInSeconds, in.MaximumRecordAgeInSeconds, seconds)
	all = noted(all, "bisect", old.BisectBatchOnFunctionError, in.BisectBatchOnFunctionError, func(b bool) string { return fmt.Sprint(b) })
	if in.ScalingConfig != nil {
		all = append(all, cloud.Changed("maximum-concurrency", bound(old.ScalingConfig), bound(in.ScalingConfig)))
	}
	if in.DestinationConfig != nil {
		all = append(all, cloud.Changed("on-failure", cmp.Or(cloud.OnFailure(old.DestinationConfig), cloud.Unset), cmp.Or(cloud.OnFailure(in.DestinationConfig), cloud.Unset)))
	}
	if in.SourceAccessConfigurations != nil {
		all = append(all, cloud.Changed("source-access", accesses(old.SourceAccessConfigurations), accesses(in.SourceAccessConfigurations)))
	}
	if p := in.ProvisionedPollerConfig; p != nil {
		before := new(types.ProvisionedPollerConfig)
		if old.ProvisionedPollerConfig != nil {
			before = old.ProvisionedPollerConfig
		}
		all = noted(all, "minimum-pollers", before.MinimumPollers, differing(p.MinimumPollers, before.MinimumPollers), number)
		all = noted(all, "maximum-pollers", before.MaximumPollers, differing(p.MaximumPollers, before.MaximumPollers), number)
	}
	if in.FilterCriteria != nil {
		all = append(all, cloud.Changed("filter", patterns(old.FilterCriteria), patterns(in.FilterCriteria)))
	}
	if in.FunctionResponseTypes != nil {
		all = append(all, cloud.Changed(string(types.FunctionResponseTypeReportBatchItemFailures), "false", "true"))
	}
	return all
}

func noted[T any](all []cloud.Change, name string, before, after *T, text func(T) string) []cloud.Change {
	if after == nil {
		return all
	}
	c := cloud.Changed(name, cloud.Unset, text(*after))
	if before != nil {
		c.Before = text(*before)
	}
	return append(all, c)
}

func bound(c *types.ScalingConfig) string {
	if n := cloud.Concurrency(c); n > 0 {
		return number(n)
	}
	return cloud.Unset
}

// accesses lists logins and networks, as --source-access has them.
func accesses(all []types.SourceAccessConfiguration) string {
	var list []string
	for _, a := range all {
		list = append(list, string(a.Type)+"="+aws.ToString(a.URI))
	}
	slices.Sort(list)
	return cmp.Or(strings.Join(list, " "), cloud.Unset)
}

func number(n int32) string { return fmt.Sprint(n) }

func seconds(n int32) string {
	if n < 0 {
		return fmt.Sprint(n) // never
	}
	return (time.Duration(n) * time.Second).String()
}

func patterns(f *types.FilterCriteria) string {
	var all []string
	for _, filter := range withoutNil(f).Filters {
		all = append(all, aws.ToString(filter.Pattern))
	}
	return cmp.Or(strings.Join(all, " "), cloud.Unset)
}
