package stack

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

const oncall = "arn:aws:sns:" + region + ":" + account + ":oncall"

func withAlarms(topic string) Settings {
	set := withQueue("failures")
	set.Alarms = &topic
	return set
}

// alarmsOf returns the outcomes of alarms, by name without the function's.
func alarmsOf(d *Deployed) map[string]cloud.Outcome {
	got := make(map[string]cloud.Outcome)
	for _, r := range d.Resources {
		if r.Kind == "alarm" {
			got[strings.TrimPrefix(r.Name, "orders-")] = r.Outcome
		}
	}
	return got
}

func everyAlarm(o cloud.Outcome) map[string]cloud.Outcome {
	return map[string]cloud.Outcome{"late": o, "failed": o, "diverted": o, "errors": o, "throttles": o, "lost": o, "queue": o}
}

// Alarms are made with a topic, follow the function's settings without the flag, and go with
// an empty topic.
func TestAlarms(t *testing.T) {
	f := newFake()
	without := everyAlarm(cloud.Unchanged)
	without["queue"] = cloud.Deleted
	counted := everyAlarm(cloud.Unchanged)
	counted["failed"], counted["diverted"] = cloud.Deleted, cloud.Deleted
	delete(counted, "queue")
	rest := everyAlarm(cloud.Deleted)
	for _, key := range []string{"failed", "diverted", "queue"} {
		delete(rest, key)
	}
	noQueue, noMetrics := withQueue(""), settings()
	noMetrics.Environment = map[string]string{"FANOUT_METRICS": "none"}
	for _, step := range []struct {
		name string
		set  Settings
		want map[string]cloud.Outcome
	}{
		{"without a topic", settings(), map[string]cloud.Outcome{}},
		{"with a topic", withAlarms(oncall), everyAlarm(cloud.Created)},
		{"again", withAlarms(oncall), everyAlarm(cloud.Unchanged)},
		{"without the flag", settings(), everyAlarm(cloud.Unchanged)},
		{"another topic", withAlarms(oncall + "2"), everyAlarm(cloud.Updated)},
		{"no queue", noQueue, without},
		{"no metrics", noMetrics, counted},
		{"no topic", func() Settings { s := settings(); s.Alarms = aws.String(""); return s }(), rest},
		{"no topic, without the flag", settings(), map[string]cloud.Outcome{}},
	} {
		_, d, err := deploy(t, f, step.set)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, alarmsOf(&d)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", step.name, diff)
		}
		notes := 0
		for _, r := range d.Resources {
			if strings.HasPrefix(r.Note, "FANOUT_METRICS is none") {
				notes++
			}
		}
		if want := step.name == "no metrics"; want != (notes == 1) || notes > 1 {
			t.Errorf("%s: %d notes that nothing watches records", step.name, notes)
		}
	}
	if len(f.alarms) != 0 {
		t.Errorf("left: %v", f.alarms)
	}
}

// Each queue that the function reads has an alarm, which goes with its mapping. One of another
// account has none, and the alarms of a function whose name begins alike stay.
func TestAlarmsOfQueues(t *testing.T) {
	f := newFake()
	f.alarms["orders-late-night-errors"] = &fakeAlarm{
		MetricAlarm: types.MetricAlarm{AlarmName: aws.String("orders-late-night-errors"), AlarmArn: aws.String(alarmARN + "orders-late-night-errors")},
		tags:        []types.Tag{{Key: aws.String("fanout:function"), Value: aws.String("orders-late-night")}},
	}
	queue := func(name, account string) lambdatypes.EventSourceMappingConfiguration {
		return lambdatypes.EventSourceMappingConfiguration{UUID: &name, EventSourceArn: aws.String("arn:aws:sqs:" + region + ":" + account + ":" + name)}
	}
	for _, step := range []struct {
		mappings []lambdatypes.EventSourceMappingConfiguration
		want     map[string]cloud.Outcome
	}{
		{[]lambdatypes.EventSourceMappingConfiguration{queue("mail", account), queue("jobs.fifo", account), queue("theirs", "210987654321")}, map[string]cloud.Outcome{"late-mail": cloud.Created, "late-jobs.fifo": cloud.Created}},
		{[]lambdatypes.EventSourceMappingConfiguration{queue("mail", account)}, map[string]cloud.Outcome{"late-mail": cloud.Unchanged, "late-jobs.fifo": cloud.Deleted}},
	} {
		f.mappings = step.mappings
		_, d, err := deploy(t, f, withAlarms(oncall))
		if err != nil {
			t.Fatal(err)
		}
		got := alarmsOf(&d)
		maps.DeleteFunc(got, func(name string, _ cloud.Outcome) bool { return !strings.HasPrefix(name, "late-") })
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if a := f.alarms["orders-late-mail"]; *a.Threshold != 600 || *a.MetricName != "ApproximateAgeOfOldestMessage" || *a.Dimensions[0].Value != "mail" {
		t.Errorf("the alarm is %+v", a.MetricAlarm)
	}
	if _, err := destroy(t, f, DestroyOptions{Function: "orders"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"orders-late-night-errors"}, slices.Collect(maps.Keys(f.alarms))); diff != "" {
		t.Errorf("alarms left, -want +got:\n%s", diff)
	}
}

// What a user changed is set again and shown, but a silent alarm stays silent; another's alarm
// is not touched.
func TestAlarmsOfUsers(t *testing.T) {
	f := newFake()
	f.alarms["orders-lost"] = &fakeAlarm{MetricAlarm: types.MetricAlarm{AlarmName: aws.String("orders-lost"), AlarmArn: aws.String(alarmARN + "orders-lost")}}
	if _, d, err := deploy(t, f, withAlarms(oncall)); err != nil || alarmsOf(&d)["lost"] != cloud.Foreign || f.alarms["orders-lost"].Threshold != nil {
		t.Fatalf("%v, %v", d.Resources, err)
	}
	f.alarms["orders-late"].Threshold, f.alarms["orders-late"].ActionsEnabled = aws.Float64(5), aws.Bool(false)
	f.alarms["orders-failed"].DatapointsToAlarm = aws.Int32(1)
	_, d, err := deploy(t, f, settings())
	if err != nil {
		t.Fatal(err)
	}
	changes := make(map[string][]cloud.Change)
	for _, r := range d.Resources {
		if r.Kind == "alarm" && r.Changes != nil {
			changes[r.Name] = r.Changes
		}
	}
	if diff := cmp.Diff(map[string][]cloud.Change{
		"orders-late": {cloud.Changed("threshold", "5", "600000")}, "orders-failed": {cloud.Changed("periods", "1 of 3", "3 of 3")},
	}, changes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if *f.alarms["orders-late"].ActionsEnabled {
		t.Error("the silent alarm is not silent any more")
	}
	f.alarms["orders-lost"].Threshold = aws.Float64(1) // for the state
	lines, err := destroy(t, f, DestroyOptions{Function: "orders"})
	if err != nil || !slices.Contains(lines, "alarm orders-lost: kept not created by fanout deploy for this function") || !slices.Contains(lines, "alarm orders-late: deleted") {
		t.Errorf("%q, %v", lines, err)
	}
	if len(f.alarms) != 1 || f.function != nil {
		t.Errorf("left: %v", f.alarms)
	}
}

// A dry run of alarms foresees the real run, for a new function and for one with other alarms.
func TestAlarmsDryRun(t *testing.T) {
	for _, topic := range []string{"", oncall + "2"} {
		f := newFake()
		if topic != "" {
			if _, _, err := deploy(t, f, withAlarms(topic)); err != nil {
				t.Fatal(err)
			}
			delete(f.alarms, "orders-late")
		}
		f.writes = 0
		var dry Deployed
		synctest.Test(t, func(t *testing.T) {
			s := f.stack()
			s.DryRun = true
			var err error
			if dry, err = s.Deploy(t.Context(), withAlarms(oncall)); err != nil || f.writes != 0 {
				t.Fatalf("%v, %d writes", err, f.writes)
			}
		})
		_, done, err := deploy(t, f, withAlarms(oncall))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(foreseen(done.Resources), foreseen(dry.Resources)); diff != "" {
			t.Errorf("-real +dry:\n%s", diff)
		}
		if got := alarmsOf(&dry); got["late"] != "would be created" || len(got) != 7 {
			t.Errorf("%v", got)
		}
	}
}

// A run whose nth call fails is completed by the next one, which has no flag for alarms.
func TestAlarmsAgain(t *testing.T) {
	for _, topic := range []string{oncall, ""} {
		start := func() *fake {
			f := newFake()
			before := withQueue("failures")
			if topic == "" {
				before = withAlarms(oncall)
			}
			if _, _, err := deploy(t, f, before); err != nil {
				t.Fatal(err)
			}
			f.calls = nil
			return f
		}
		whole := start()
		if _, _, err := deploy(t, whole, withAlarms(topic)); err != nil {
			t.Fatal(err)
		}
		from := slices.Index(whole.calls, "TagResource")
		for n := from + 1; n < len(whole.calls); n++ {
			f := start()
			f.fail = func(string) error {
				if len(f.calls) == n+1 {
					return apiError("AccessDeniedException", "no")
				}
				return nil
			}
			if _, _, err := deploy(t, f, withAlarms(topic)); !awserr.IsDenied(err) {
				t.Fatalf("call %d, %s: %v", n, whole.calls[n], err)
			}
			f.fail = nil
			if _, _, err := deploy(t, f, settings()); err != nil || f.state() != whole.state() {
				t.Errorf("after call %d, %s: %v, %s", n, whole.calls[n], err, cmp.Diff(whole.state(), f.state()))
			}
		}
	}
}

// A topic where alarms cannot write is refused before anything is made.
func TestAlarmsTopic(t *testing.T) {
	f := newFake()
	if _, _, err := deploy(t, f, withAlarms("arn:aws:sns:us-east-1:123456789012:oncall")); err == nil || f.writes != 0 || !strings.Contains(err.Error(), "not in eu-west-1") {
		t.Errorf("%v, %d writes", err, f.writes)
	}
}
