package function

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/cli/manage"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/internal/provision/stack"
	"fanout/internal/provision/template"
)

// deployed describes the deployed function.
func (t *templates) deployed(ctx context.Context, a *cloud.Account) (template.Setup, error) {
	out, err := a.Lambda().GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String(t.FunctionRef())})
	switch {
	case awserr.IsMissing(err):
		return template.Setup{}, &cloud.NoFunction{Name: t.FunctionName(), Else: "add --targets to describe a function that is not deployed"}
	case err != nil:
		return template.Setup{}, fmt.Errorf("the function %q cannot be looked up: %w", t.FunctionRef(), err)
	}
	c, f := out.Configuration, role.FunctionOf(out.Configuration)
	facts, _, _, err := role.On(a, t.Catalog).Facts(ctx, &f)
	if err != nil {
		return template.Setup{}, err
	}
	if facts.TableARN == "" {
		return template.Setup{}, errors.New("the function reads its targets from a file in its package, which fanout cannot read; name the file with --targets")
	}
	if table := cmp.Or(t.TableARN, t.Table); table != "" {
		self, err := arn.Parse(f.ARN)
		if err != nil {
			return template.Setup{}, err
		}
		facts.TableARN = tableARN(self, table)
	}
	facts.Namespace = f.Environment["FANOUT_METRICS_NAMESPACE"] // the default is left out
	s := template.Setup{
		Function: facts, Environment: f.Environment,
		Alarms: out.Tags[stack.AlarmsTag], Memory: whole(c.MemorySize), Timeout: whole(c.Timeout), Architecture: "x86_64",
	}
	if len(c.Architectures) > 0 {
		s.Architecture = string(c.Architectures[0])
	}
	if f.VPC {
		s.Subnets, s.SecurityGroups = c.VpcConfig.SubnetIds, c.VpcConfig.SecurityGroupIds
	}
	if err := t.targetsAndSources(ctx, a, &s); err != nil {
		return template.Setup{}, err
	}
	if queue := f.Environment["FANOUT_ON_FAILURE"]; queue != "" && len(s.Targets) > 0 {
		failures := t.Catalog.FailuresQueue(s.Targets[0].Spec.SourceARN, queue)
		s.Failures = &failures.Spec
	}
	async, err := hooks.AsyncOf(ctx, a.Lambda(), f.Name())
	if err != nil {
		return template.Setup{}, err
	}
	if s.Async.OnFailure = async.OnFailure(); async != nil {
		s.Async.Retries, s.Async.Age = async.Retries, async.Age
	}
	logs, err := cloud.LogGroup(ctx, a.Logs(), cmp.Or(f.LogGroup, "/aws/lambda/"+f.Name()))
	if logs != nil {
		s.Retention = whole(logs.RetentionInDays)
	}
	return s, err
}

// targetsAndSources sets the targets of a deployed function, and its mappings and topics.
func (t *templates) targetsAndSources(ctx context.Context, a *cloud.Account, s *template.Setup) error {
	entries, err := (&registry.Table{Client: a.DynamoDB(), Catalog: t.Catalog, Name: s.Function.TableARN}).List(ctx, "")
	if err != nil {
		return err
	}
	s.Targets = loadedOf(entries)
	mappings, err := cloud.Mappings(ctx, a.Lambda(), t.FunctionRef(), "")
	if err != nil {
		return err
	}
	for i := range mappings {
		s.Mappings = append(s.Mappings, mappingOf(&mappings[i]))
	}
	topics, err := topicsOf(ctx, a, t.FunctionRef(), sourcesIn(entries))
	if err != nil {
		return err
	}
	for _, topic := range topics { // topics have no mappings
		s.Mappings = append(s.Mappings, template.Mapping{Source: topic})
	}
	return nil
}

// topicsOf returns the topics among the sources of targets, and the topics that may
// invoke the function, with or without targets.
func topicsOf(ctx context.Context, a *cloud.Account, function string, sources []string) ([]string, error) {
	callers, err := cloud.Callers(ctx, a.Lambda(), function)
	if err != nil {
		return nil, err
	}
	for _, c := range callers {
		sources = append(sources, c.Source)
	}
	topics := slices.DeleteFunc(sources, func(source string) bool { return manage.FormOf(source).Service != "sns" })
	slices.Sort(topics)
	return slices.Compact(topics), nil
}

func mappingOf(c *types.EventSourceMappingConfiguration) template.Mapping {
	m := template.Mapping{
		Source: aws.ToString(c.EventSourceArn), BatchSize: whole(c.BatchSize), Window: whole(c.MaximumBatchingWindowInSeconds),
		StartingPosition: string(c.StartingPosition), StartingTime: aws.ToTime(c.StartingPositionTimestamp),
		ParallelizationFactor: whole(c.ParallelizationFactor), MaximumRetryAttempts: -1, MaximumRecordAge: whole(c.MaximumRecordAgeInSeconds),
		MaximumConcurrency: int(cloud.Concurrency(c.ScalingConfig)),
		Bisect:             aws.ToBool(c.BisectBatchOnFunctionError), OnFailure: cloud.OnFailure(c.DestinationConfig), Disabled: strings.HasPrefix(aws.ToString(c.State), "Disabl"),
	}
	if c.MaximumRetryAttempts != nil {
		m.MaximumRetryAttempts = whole(c.MaximumRetryAttempts)
	}
	if awsname.IsKafka(m.Source) {
		m.Kafka = kafkaOf(cloud.ConsumerGroup(c), c.SourceAccessConfigurations, nil, nil)
		if p := c.ProvisionedPollerConfig; p != nil {
			m.Kafka.MinimumPollers, m.Kafka.MaximumPollers = whole(p.MinimumPollers), whole(p.MaximumPollers)
		}
	}
	if c.FilterCriteria != nil {
		for _, f := range c.FilterCriteria.Filters {
			m.Filters = append(m.Filters, aws.ToString(f.Pattern))
		}
	}
	return m
}

func whole(p *int32) int { return int(aws.ToInt32(p)) }
