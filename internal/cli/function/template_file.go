package function

import (
	"cmp"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/manage"
	"fanout/internal/poll/queue"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/stack"
	"fanout/internal/provision/template"
	"fanout/lambda"
	"fanout/lambda/target"
)

// fromFile describes a function that is not deployed, from a file of targets and the
// flags. It makes no calls.
func (t *templates) fromFile(cmd *cobra.Command) (template.Setup, error) {
	if err := errors.Join(t.Check(), t.check()); err != nil {
		return template.Setup{}, err
	}
	entries, err := manage.ReadTargets(t.Catalog, cmd.ErrOrStderr(), t.targets)
	if err != nil {
		return template.Setup{}, err
	}
	self, err := t.place(entries)
	if err != nil {
		return template.Setup{}, err
	}
	o, err := lambda.OptionsFrom(func(name string) string { return variables(t.environment)[name] })
	if err != nil {
		return template.Setup{}, err
	}
	if err := stack.CheckTime(t.FunctionName(), int32(t.timeout), variables(t.environment)); err != nil { //nolint:gosec // checked before
		return template.Setup{}, err
	}
	s := template.Setup{
		Function: policy.Function{ARN: self.String(), Metrics: o.Metrics, Tracing: o.Tracing || t.tracing},
		Memory:   t.memory, Timeout: t.timeout, Architecture: t.architecture, Retention: t.retention,
		Subnets: t.subnets, SecurityGroups: t.securityGroups, Environment: variables(t.environment), Targets: loadedOf(entries),
	}
	if t.IsSet("env") && s.Environment["FANOUT_METRICS_NAMESPACE"] != "" {
		s.Function.Namespace = o.MetricsNamespace
	}
	s.Function.TableARN = tableARN(self, cmp.Or(t.TableARN, t.Table))
	s.Function.LedgerTableARN = tableARN(self, t.ledger)
	return s, t.addHooks(&s, sourcesIn(entries))
}

// addHooks adds the hooks of the sources. If there are both streams and topics, flags
// with different meanings for them apply to the streams.
func (t *templates) addHooks(s *template.Setup, sources []string) error {
	topicsOnly := !slices.ContainsFunc(sources, func(source string) bool { return manage.FormOf(source).Service != "sns" })
	for _, source := range sources {
		form := manage.FormOf(source)
		if form.Service != "sns" {
			m, err := t.mapping.Settings(&t.Command, form)
			if err != nil {
				return err
			}
			s.Mappings = append(s.Mappings, t.hook(source, m))
			continue
		}
		s.Mappings = append(s.Mappings, template.Mapping{Source: source})
		s.Async.OnFailure = t.mapping.OnFailure
		if !topicsOnly {
			continue
		}
		m, err := t.mapping.Settings(&t.Command, form)
		if err != nil {
			return err
		}
		s.Async.Retries, s.Async.Age = m.MaximumRetryAttempts, m.MaximumRecordAge
	}
	return nil
}

// hook makes a mapping from the flags.
func (t *templates) hook(source string, s hooks.Settings) template.Mapping {
	f := &t.mapping
	if cloud.IsQueue(source) {
		m := template.Mapping{Source: source, BatchSize: queue.DefaultBatchSize, Window: int(f.Window), Filters: s.Filters}
		m.MaximumConcurrency = whole(s.MaximumConcurrency)
		if s.BatchSize != nil {
			m.BatchSize = whole(s.BatchSize)
		}
		return m
	}
	m := template.Mapping{
		Source: source, BatchSize: int(f.BatchSize), Window: int(f.Window), StartingPosition: s.StartingPosition,
		ParallelizationFactor: int(f.Factor), MaximumRetryAttempts: int(f.Retries), MaximumRecordAge: int(f.Age),
		Bisect: f.Bisect, OnFailure: f.OnFailure, Filters: s.Filters,
	}
	if s.StartingTimestamp != nil {
		m.StartingTime = *s.StartingTimestamp
	}
	if awsname.IsKafka(source) {
		m.ParallelizationFactor, m.Kafka = 0, kafkaOf(s.Kafka.ConsumerGroup, s.Kafka.Access, s.Kafka.MinimumPollers, s.Kafka.MaximumPollers)
	}
	return m
}

// kafkaOf returns the settings that only a mapping of a Kafka topic has.
func kafkaOf(group string, access []types.SourceAccessConfiguration, least, most *int32) template.Kafka {
	k := template.Kafka{ConsumerGroup: group, MinimumPollers: whole(least), MaximumPollers: whole(most)}
	for _, a := range access {
		k.Access = append(k.Access, template.Access{Type: string(a.Type), URI: aws.ToString(a.URI)})
	}
	return k
}

// place returns the ARN of the future function: the given ARN, or else one in the
// account and region of the first source. --region sets another region.
func (t *templates) place(entries []registry.Entry) (arn.ARN, error) {
	if t.FunctionARN != "" {
		return arn.Parse(t.FunctionARN)
	}
	if len(entries) == 0 {
		return arn.ARN{}, errors.New("the file has no target that names the function's account; add --function-arn")
	}
	a, err := arn.Parse(entries[0].Spec.SourceARN)
	a.Service, a.Resource, a.Region = "lambda", "function:"+t.Function, cmp.Or(t.AWS.Region, a.Region)
	return a, err
}

// tableARN returns the ARN of a table in the function's account and region, "" if it
// has no name.
func tableARN(self arn.ARN, table string) string {
	if table == "" || arn.IsARN(table) {
		return table
	}
	self.Service, self.Resource = "dynamodb", "table/"+table
	return self.String()
}

func loadedOf(entries []registry.Entry) []target.Loaded {
	all := make([]target.Loaded, len(entries))
	for i := range entries {
		all[i] = entries[i].Loaded
	}
	return all
}
