//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"fanout/internal/testing/pagetest"
	"fanout/internal/testing/runtimeapi"
)

// TestQuickstart runs the part of docs/quickstart.md on AWS against a moto of its own. moto
// runs no functions and judges no alarms: where the page says that Lambda calls the function, or
// that CloudWatch judges, the test does.
func TestQuickstart(t *testing.T) {
	moto := must(exec.LookPath(os.Getenv("MOTO_SERVER")))(t)
	addr := freeAddr()
	_, port, _ := strings.Cut(addr, ":")
	serve(t, addr, moto, "-H", "127.0.0.1", "-p", port)
	t.Setenv("AWS_ENDPOINT_URL", "http://"+addr)
	post(t, "/moto-api/config", "application/json", `{"lambda":{"use_docker":false}}`)

	dir, wrapper := t.TempDir(), t.TempDir()
	// The AWS CLI does not look for an endpoint of SQS in its environment.
	cli := fmt.Sprintf("#!/bin/sh\nexec %s --endpoint-url http://%s \"$@\"\n", must(exec.LookPath("aws"))(t), addr)
	if err := os.WriteFile(filepath.Join(wrapper, "aws"), []byte(cli), 0o700); err != nil {
		t.Fatal(err)
	}
	bin := must(filepath.Abs("../bin"))(t)
	env := append(os.Environ(), "PATH="+wrapper+":"+bin+":"+os.Getenv("PATH"), "HOME="+dir, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=")
	l := mapping{s: connect(t), bootstrap: filepath.Join(bin, "bootstrap"), aws: filepath.Join(wrapper, "aws"), env: env}
	for _, b := range pagetest.Blocks(t, "../docs/quickstart.md", "## On AWS", "") {
		switch b.Mark {
		case "Lambda calls the function":
			l.call(t)
		case "CloudWatch judges the alarms":
			judge(t, l.s.cfg)
		}
		b.Run(t, dir, env)
	}
	if l.calls != 2 {
		t.Errorf("the function was called %d times, want 2", l.calls)
	}
}

// query is the query of an alarm: the sum of a metric over all of its dimensions.
var query = regexp.MustCompile(`^SELECT SUM\("(\w+)"\) FROM SCHEMA\("([^"]+)", "Source", "Target", "Function"\) WHERE "Function" = '(\w+)'$`)

// judge sets the state of every alarm that asks for a sum over targets, by the metrics of the
// last hour.
func judge(t *testing.T, cfg aws.Config) {
	t.Helper()
	client := cloudwatch.NewFromConfig(cfg)
	judged := 0
	for _, a := range must(client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}))(t).MetricAlarms {
		if len(a.Metrics) != 1 {
			continue
		}
		q := query.FindStringSubmatch(aws.ToString(a.Metrics[0].Expression))
		if q == nil {
			t.Fatalf("%s asks %s", *a.AlarmName, aws.ToString(a.Metrics[0].Expression))
		}
		state := types.StateValueOk
		if sum(t, client, q[2], q[1], q[3]) > *a.Threshold {
			state = types.StateValueAlarm
		}
		must(client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: a.AlarmName, StateValue: state, StateReason: aws.String("the test judged")}))(t)
		judged++
	}
	if judged != 2 {
		t.Errorf("%d alarms ask for a sum over targets, want failed and diverted", judged)
	}
}

// sum returns the sum of a metric over the targets of a function.
func sum(t *testing.T, client *cloudwatch.Client, namespace, name, function string) (sum float64) {
	t.Helper()
	all := must(client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{
		Namespace: &namespace, MetricName: &name, Dimensions: []types.DimensionFilter{{Name: aws.String("Function"), Value: &function}},
	}))(t)
	for _, m := range all.Metrics {
		if len(m.Dimensions) != 3 {
			continue
		}
		values := must(client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: &namespace, MetricName: &name, Dimensions: m.Dimensions, Statistics: []types.Statistic{types.StatisticSum},
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Minute)), Period: aws.Int32(60),
		}))(t)
		for _, v := range values.Datapoints {
			sum += *v.Sum
		}
	}
	return sum
}

// mapping calls the function with new records of the stream orders, and puts its output into
// its log group, as Lambda does.
type mapping struct {
	s         services
	bootstrap string
	aws       string // the AWS CLI
	env       []string
	after     *string // sequence number of the last record of the last call
	calls     int
}

func (m *mapping) call(t *testing.T) {
	t.Helper()
	event := m.event(t)
	api := must(runtimeapi.Start())(t)
	defer api.Close()
	var log bytes.Buffer
	function := exec.Command(m.bootstrap)
	function.Stdout, function.Stderr = &log, &log
	function.Env = append(m.env, "AWS_LAMBDA_RUNTIME_API="+api.Addr(), "AWS_LAMBDA_FUNCTION_NAME=orders", "FANOUT_REPORT_BATCH_ITEM_FAILURES=true")
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- function.Wait(); cancel() }()
	answer, err := api.Invoke(ctx, event, time.Now().Add(patience))
	// As Lambda does: the last metrics go out.
	_ = function.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(time.Second):
		_ = function.Process.Kill()
		<-ended
	}
	if err != nil || answer.Failure != nil {
		t.Fatalf("%v, %v\n%s", err, answer.Failure, &log)
	}
	if strings.Contains(string(answer.Payload), "itemIdentifier") {
		t.Errorf("records failed: %s\n%s", answer.Payload, &log)
	}
	m.calls++
	m.log(t, log.String())
}

// event returns the records behind the last call.
func (m *mapping) event(t *testing.T) []byte {
	t.Helper()
	in := &kinesis.GetShardIteratorInput{
		StreamName: aws.String("orders"), ShardId: aws.String("shardId-000000000000"),
		ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
	}
	if m.after != nil {
		in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAfterSequenceNumber, m.after
	}
	iterator := must(m.s.kinesis.GetShardIterator(t.Context(), in))(t)
	out := must(m.s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator}))(t)
	var records []map[string]any
	for _, r := range out.Records {
		m.after = r.SequenceNumber
		records = append(records, map[string]any{
			"eventSource": "aws:kinesis", "eventSourceARN": arnOf("kinesis", "stream/orders"),
			"eventID": "shardId-000000000000:" + *r.SequenceNumber,
			"kinesis": map[string]any{"partitionKey": r.PartitionKey, "sequenceNumber": r.SequenceNumber, "data": r.Data},
		})
	}
	if len(records) == 0 {
		t.Fatal("the stream has no new records")
	}
	return must(json.Marshal(map[string]any{"Records": records}))(t)
}

func (m *mapping) log(t *testing.T, text string) {
	t.Helper()
	stream := fmt.Sprintf("call-%d", m.calls)
	var events []map[string]any
	for line := range strings.Lines(text) {
		events = append(events, map[string]any{"timestamp": time.Now().UnixMilli(), "message": strings.TrimSpace(line)})
	}
	group := []string{"--log-group-name", "/aws/lambda/orders", "--log-stream-name", stream}
	for _, args := range [][]string{
		append([]string{"logs", "create-log-stream"}, group...),
		append([]string{"logs", "put-log-events", "--log-events", string(must(json.Marshal(events))(t))}, group...),
	} {
		cmd := exec.Command(m.aws, args...)
		cmd.Env = m.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("aws %v: %v\n%s", args, err, out)
		}
	}
}
