package stack

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

type fakeAlarm struct {
	types.MetricAlarm
	tags []types.Tag
}

type fakeCloudWatch struct{ *fake }

const alarmARN = "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:"

// DescribeAlarms has a page for each alarm.
func (f fakeCloudWatch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	if err := f.call("DescribeAlarms"); err != nil {
		return nil, err
	}
	var out cloudwatch.DescribeAlarmsOutput
	skip := len(aws.ToString(in.NextToken))
	names := in.AlarmNames
	if in.AlarmNamePrefix != nil {
		names = slices.DeleteFunc(slices.Sorted(maps.Keys(f.alarms)), func(name string) bool { return !strings.HasPrefix(name, *in.AlarmNamePrefix) })
	}
	for _, name := range names {
		a := f.alarms[name]
		switch {
		case a == nil:
		case skip > 0:
			skip--
		case len(out.MetricAlarms) > 0:
			out.NextToken = aws.String(aws.ToString(in.NextToken) + "x")
			return &out, nil
		default:
			out.MetricAlarms = append(out.MetricAlarms, a.MetricAlarm)
		}
	}
	return &out, nil
}

func (f fakeCloudWatch) ListTagsForResource(_ context.Context, in *cloudwatch.ListTagsForResourceInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListTagsForResourceOutput, error) {
	if err := f.call("ListTagsForResource"); err != nil {
		return nil, err
	}
	a := f.alarms[strings.TrimPrefix(*in.ResourceARN, alarmARN)]
	return &cloudwatch.ListTagsForResourceOutput{Tags: a.tags}, nil
}

// PutMetricAlarm ignores the tags of an alarm that exists.
func (f fakeCloudWatch) PutMetricAlarm(_ context.Context, in *cloudwatch.PutMetricAlarmInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error) {
	if err := f.call("PutMetricAlarm"); err != nil {
		return nil, err
	}
	a := &fakeAlarm{tags: in.Tags}
	if was := f.alarms[*in.AlarmName]; was != nil {
		a.tags = was.tags
	}
	enabled := in.ActionsEnabled == nil || *in.ActionsEnabled
	a.MetricAlarm = types.MetricAlarm{
		AlarmName: in.AlarmName, AlarmArn: aws.String(alarmARN + *in.AlarmName), AlarmDescription: in.AlarmDescription, ActionsEnabled: &enabled,
		Namespace: in.Namespace, MetricName: in.MetricName, Statistic: in.Statistic, Period: in.Period, Dimensions: in.Dimensions, Metrics: in.Metrics,
		ComparisonOperator: in.ComparisonOperator, Threshold: in.Threshold, EvaluationPeriods: in.EvaluationPeriods,
		TreatMissingData: in.TreatMissingData, AlarmActions: in.AlarmActions, OKActions: in.OKActions,
	}
	f.alarms[*in.AlarmName] = a
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func (f fakeCloudWatch) DeleteAlarms(_ context.Context, in *cloudwatch.DeleteAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error) {
	if err := f.call("DeleteAlarms"); err != nil {
		return nil, err
	}
	for name := range f.alarms {
		if slices.Contains(in.AlarmNames, name) {
			delete(f.alarms, name)
		}
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}
