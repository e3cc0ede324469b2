package stack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"fanout/internal/awserr"
	"fanout/internal/pages"
	"fanout/internal/provision/alarms"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
)

// AlarmsAPI is the part of a CloudWatch client that a Stack needs.
type AlarmsAPI interface {
	cloudwatch.DescribeAlarmsAPIClient
	DeleteAlarms(context.Context, *cloudwatch.DeleteAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error)
	ListTagsForResource(context.Context, *cloudwatch.ListTagsForResourceInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListTagsForResourceOutput, error)
	PutMetricAlarm(context.Context, *cloudwatch.PutMetricAlarmInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error)
}

// AlarmsTag is the function's tag with the ARN of the topic that its alarms write to. It
// outlives the alarms, with an empty value, so that a run that ended halfway is completed. Only
// a function with the tag needs the right to look up alarms.
const AlarmsTag = "fanout:alarms"

// watch takes the topic for alarms from the settings, or else from the function's tag.
func (p *plan) watch(has *function, topic *string, region string) error {
	if has != nil {
		p.alarms, p.hadAlarms = has.alarmsTag()
	}
	if topic != nil {
		p.alarms = *topic
	}
	if p.alarms == "" {
		return nil
	}
	return alarms.CheckTopic(p.alarms, region)
}

// alarmsTag returns the value of the tag, and whether there is one.
func (f *function) alarmsTag() (topic string, tagged bool) {
	topic, tagged = f.tags[AlarmsTag]
	return topic, tagged
}

// tags returns the function's tags.
func (p *plan) tags() map[string]string {
	all := tags(p.name)
	if p.alarms != "" || p.hadAlarms {
		all[AlarmsTag] = p.alarms
	}
	if p.failures != "" || p.hadQueue {
		all[queueTag] = p.failures
	}
	return all
}

// alarm is an existing alarm.
type alarm struct {
	types.MetricAlarm
	ours bool
}

// alarms makes the function's alarms, updates them, and deletes those that it should not have.
func (s *Stack) alarms(ctx context.Context, p *plan, done func(Resource, error) error) error {
	if p.alarms == "" && !p.hadAlarms {
		return nil
	}
	has, err := s.findAlarms(ctx, p.name)
	if err != nil {
		return err
	}
	var want []alarms.Alarm
	if p.alarms != "" {
		if want, err = s.wantedAlarms(ctx, p); err != nil {
			return err
		}
	}
	for _, name := range alarmNames(p.name, has, want) {
		i := slices.IndexFunc(want, func(a alarms.Alarm) bool { return a.Name == name })
		is := has[name]
		switch {
		case i >= 0:
			var t Resource
			if t, err = s.putAlarm(ctx, p, &want[i], is); i == 0 && !watchesRecords(want) {
				t.Note = "FANOUT_METRICS is none, so no alarm watches records that fail or go to onFailure"
			}
			err = done(t, err)
		case is != nil && is.ours:
			err = done(s.dropAlarm(ctx, is))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alarmNames returns the names of the alarms that a function has or should have: those of all
// functions first, then those of its queues.
func alarmNames(function string, has map[string]*alarm, want []alarms.Alarm) []string {
	names := make([]string, len(alarms.Keys))
	for i, key := range alarms.Keys {
		names[i] = alarms.Name(function, key)
	}
	var queues []string
	for name := range has {
		queues = append(queues, name)
	}
	for i := range want {
		queues = append(queues, want[i].Name)
	}
	slices.Sort(queues)
	queues = slices.DeleteFunc(slices.Compact(queues), func(name string) bool { return slices.Contains(names, name) })
	return append(names, queues...)
}

// watchesRecords reports whether there are alarms on the function's own metrics.
func watchesRecords(all []alarms.Alarm) bool {
	return slices.ContainsFunc(all, func(a alarms.Alarm) bool { return a.Query != "" })
}

// wantedAlarms returns the alarms that the function should have. A dry run may not know the
// account, and so not the ARN of the queue; the topic's account is the best guess.
func (s *Stack) wantedAlarms(ctx context.Context, p *plan) ([]alarms.Alarm, error) {
	self, err := arn.Parse(cmp.Or(p.role, p.alarms))
	if err != nil {
		return nil, fmt.Errorf("the role is %q; it must be an ARN like arn:aws:iam::123456789012:role/name", p.role)
	}
	self.Service, self.Region, self.Resource = "lambda", s.Region, "function:"+p.name
	queue := p.environment[onFailure]
	if queue != "" && !arn.IsARN(queue) {
		queue = arn.ARN{Partition: self.Partition, Service: "sqs", Region: self.Region, AccountID: self.AccountID, Resource: queue}.String()
	}
	o, err := fanout.OptionsFrom(func(name string) string {
		if name == onFailure {
			return ""
		}
		return p.environment[name]
	})
	if err != nil {
		return nil, fmt.Errorf("the function %q is misconfigured: %w", p.name, err)
	}
	f := &alarms.Function{ARN: self, Name: p.name, Namespace: o.MetricsNamespace, Metrics: o.Metrics, Queue: queue}
	mappings, err := cloud.Mappings(ctx, s.Lambda, p.name, "")
	if err != nil && !awserr.IsMissing(err) { // a dry run may see no function
		return nil, err
	}
	for i := range mappings {
		f.Sources = append(f.Sources, aws.ToString(mappings[i].EventSourceArn))
	}
	return alarms.Of(f), nil
}

// findAlarms returns the existing alarms of a function, by name. Names of queues are found by
// their prefix, which another function's alarms may have, too.
func (s *Stack) findAlarms(ctx context.Context, function string) (map[string]*alarm, error) {
	all := make(map[string]*alarm)
	var names []string
	for _, key := range alarms.Keys {
		names = append(names, alarms.Name(function, key))
	}
	for _, in := range []cloudwatch.DescribeAlarmsInput{{AlarmNames: names}, {AlarmNamePrefix: aws.String(alarms.QueuePrefix(function))}} {
		in.AlarmTypes = []types.AlarmType{types.AlarmTypeMetricAlarm}
		for page, err := range pages.Of(ctx, cloudwatch.NewDescribeAlarmsPaginator(s.Alarms, &in)) {
			if err != nil {
				return nil, fmt.Errorf("the alarms of the function %q cannot be looked up: %w", function, err)
			}
			for i := range page.MetricAlarms {
				a := &alarm{MetricAlarm: page.MetricAlarms[i]}
				if a.ours, err = s.isOurs(ctx, function, a); err != nil {
					return nil, err
				}
				all[aws.ToString(a.AlarmName)] = a
			}
		}
	}
	return all, nil
}

// isOurs reports whether deploy made an alarm for the function.
func (s *Stack) isOurs(ctx context.Context, function string, a *alarm) (bool, error) {
	out, err := s.Alarms.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
	if err != nil {
		return false, fmt.Errorf("the tags of the alarm %q cannot be read: %w", aws.ToString(a.AlarmName), err)
	}
	return slices.ContainsFunc(out.Tags, func(t types.Tag) bool {
		return aws.ToString(t.Key) == role.Tag && aws.ToString(t.Value) == function
	}), nil
}

// putAlarm makes an alarm, or updates it. An alarm that a user silenced stays silent.
func (s *Stack) putAlarm(ctx context.Context, p *plan, want *alarms.Alarm, is *alarm) (Resource, error) {
	t := Resource{Kind: "alarm", Name: want.Name, Outcome: cloud.Created}
	in := alarmInput(want, p.alarms)
	if is == nil {
		in.Tags = []types.Tag{{Key: aws.String(role.Tag), Value: &p.name}}
	} else {
		t.ARN, in.ActionsEnabled = aws.ToString(is.AlarmArn), is.ActionsEnabled
		if !is.ours {
			t.Outcome, t.Note = cloud.Foreign, notCreated
			return t, nil
		}
		t.Outcome, t.Changes = cloud.Updated, alarmChanges(&is.MetricAlarm, in)
		if len(t.Changes) == 0 {
			t.Outcome = cloud.Unchanged
			return t, nil
		}
	}
	if s.DryRun {
		return t, nil
	}
	if _, err := s.Alarms.PutMetricAlarm(ctx, in); err != nil {
		return t, fmt.Errorf("the alarm %q cannot be written: %w", want.Name, err)
	}
	return t, nil
}

// dropAlarm deletes an alarm.
func (s *Stack) dropAlarm(ctx context.Context, is *alarm) (Resource, error) {
	t := Resource{Kind: "alarm", Name: aws.ToString(is.AlarmName), ARN: aws.ToString(is.AlarmArn), Outcome: cloud.Deleted}
	if s.DryRun {
		return t, nil
	}
	if err := s.deleteAlarm(ctx, t.Name); err != nil {
		return t, fmt.Errorf("the alarm %q cannot be deleted: %w", t.Name, err)
	}
	return t, nil
}

func (s *Stack) deleteAlarm(ctx context.Context, name string) error {
	_, err := s.Alarms.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
	return err
}

// alarmInput is an alarm in CloudWatch's form.
func alarmInput(a *alarms.Alarm, topic string) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &a.Name, AlarmDescription: &a.Description,
		ComparisonOperator: alarms.Comparison, Threshold: aws.Float64(float64(a.Threshold)),
		EvaluationPeriods: aws.Int32(int32(a.Periods)), //nolint:gosec // a few
		TreatMissingData:  aws.String(alarms.Missing), AlarmActions: []string{topic}, OKActions: []string{topic},
	}
	if a.Query != "" {
		in.Metrics = []types.MetricDataQuery{{
			Id: aws.String(alarms.QueryID), Expression: &a.Query, Period: aws.Int32(alarms.Period), ReturnData: aws.Bool(true),
		}}
		return in
	}
	in.Namespace, in.MetricName, in.Statistic, in.Period = &a.Namespace, &a.Metric, types.Statistic(a.Statistic), aws.Int32(alarms.Period)
	in.Dimensions = []types.Dimension{{Name: &a.Dimension, Value: &a.Value}}
	return in
}

// alarmChanges lists the settings of an alarm that differ.
func alarmChanges(is *types.MetricAlarm, want *cloudwatch.PutMetricAlarmInput) []cloud.Change {
	var all []cloud.Change
	add := func(name, before, after string) {
		if before != after {
			all = append(all, cloud.Changed(name, cmp.Or(before, cloud.Unset), after))
		}
	}
	add("description", aws.ToString(is.AlarmDescription), aws.ToString(want.AlarmDescription))
	add("metric", watchedBy(is.Namespace, is.MetricName, is.Statistic, is.Period, is.Dimensions, is.Metrics),
		watchedBy(want.Namespace, want.MetricName, want.Statistic, want.Period, want.Dimensions, want.Metrics))
	add("comparison", string(is.ComparisonOperator), string(want.ComparisonOperator))
	add("threshold", inFull(is.Threshold), inFull(want.Threshold))
	periods := aws.ToInt32(is.EvaluationPeriods)
	datapoints := periods
	if is.DatapointsToAlarm != nil {
		datapoints = *is.DatapointsToAlarm
	}
	add("periods", fmt.Sprintf("%d of %d", datapoints, periods), fmt.Sprintf("%[1]d of %[1]d", aws.ToInt32(want.EvaluationPeriods)))
	add("missing data", aws.ToString(is.TreatMissingData), aws.ToString(want.TreatMissingData))
	add("alarms", list(is.AlarmActions), list(want.AlarmActions))
	add("OK actions", list(is.OKActions), list(want.OKActions))
	return all
}

// watchedBy describes what an alarm watches.
func watchedBy(namespace, name *string, statistic types.Statistic, period *int32, dimensions []types.Dimension, queries []types.MetricDataQuery) string {
	var parts []string
	if name != nil {
		parts = append(parts, fmt.Sprintf("%s %s %s", aws.ToString(namespace), *name, statistic))
	}
	for _, d := range dimensions {
		parts = append(parts, aws.ToString(d.Name)+"="+aws.ToString(d.Value))
	}
	for _, q := range queries {
		parts = append(parts, aws.ToString(q.Expression))
		period = q.Period
	}
	return strings.Join(append(parts, inSeconds(aws.ToInt32(period))), " ")
}

func inFull(v *float64) string { return strconv.FormatFloat(aws.ToFloat64(v), 'f', -1, 64) }

// listAlarms lists the alarms of a function, if it has any.
func (s *Stack) listAlarms(ctx context.Context, f *function) ([]Item, error) {
	if f == nil {
		return nil, nil
	}
	if _, tagged := f.alarmsTag(); !tagged {
		return nil, nil
	}
	function := aws.ToString(f.FunctionName)
	has, err := s.findAlarms(ctx, function)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, name := range alarmNames(function, has, nil) {
		is := has[name]
		if is == nil || !is.ours && strings.HasPrefix(name, alarms.QueuePrefix(function)) { // a name that just begins alike
			continue
		}
		item := Item{Resource: Resource{Kind: "alarm", Name: name, ARN: aws.ToString(is.AlarmArn), Note: notCreated}}
		if is.ours {
			item.Note, item.delete = "", func(ctx context.Context) error { return s.deleteAlarm(ctx, name) }
		}
		items = append(items, item)
	}
	return items, nil
}
