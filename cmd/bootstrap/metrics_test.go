package main_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestMetrics asserts that the metrics of an event are sent during the next event, or
// written to standard output at once.
func TestMetrics(t *testing.T) {
	targets := targetsFile(t, "targets:\n- {sourceArn: '"+orders+"', id: copy, type: kinesis, destination: copy, active: true}\n")
	event := kinesisEvent(put{"shardId-000000000000", "1", "key", "one"})

	t.Run("cloudwatch", func(t *testing.T) {
		aws := startAWS(t)
		f := start(t, aws, targets, "FANOUT_METRICS=cloudwatch", "FANOUT_METRICS_NAMESPACE=Test/FanOut")
		for range 3 {
			f.want(event, "null")
		}
		sent := aws.Records("monitoring/Test/FanOut")
		if len(sent) == 0 {
			t.Fatalf("no metrics arrived; calls %v", aws.Calls())
		}
		form, err := url.ParseQuery(string(sent[0].Data))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for field, values := range form {
			if metric, ok := strings.CutSuffix(field, ".MetricName"); ok {
				found[values[0]] = form.Get(metric+".Value") + form.Get(metric+".StatisticValues.Sum") + form.Get(metric+".Values.member.1")
			}
		}
		for _, name := range []string{"Sources", "Records", "Targets", "Delivered", "Failed", "Requests", "Bytes", "Duration"} {
			if _, ok := found[name]; !ok {
				t.Errorf("there is no metric %s in %v", name, found)
			}
		}
	})
	t.Run("emf", func(t *testing.T) {
		aws := startAWS(t)
		f := start(t, aws, targets, "FANOUT_METRICS=emf")
		f.want(event, "null")
		if log := f.logged(); !strings.Contains(log, `"Namespace":"Custom/FanOut"`) || !strings.Contains(log, `"Delivered":1`) {
			t.Errorf("standard output has no metrics: %s", log)
		}
		for _, c := range aws.Calls() {
			if c.Service == "monitoring" {
				t.Errorf("a call: %+v", c)
			}
		}
	})
}
