package lambda_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"fanout/lambda"
)

// from returns a getenv for variables written as NAME=value.
func from(env ...string) func(string) string {
	return func(name string) string {
		for _, e := range env {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func TestOptionsFrom(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want func(*lambda.Options)
	}{
		{nil, func(o *lambda.Options) { o.Table = "fanoutTargets" }},
		{[]string{"AWS_LAMBDA_FUNCTION_NAME=mine"}, func(o *lambda.Options) { o.FunctionName, o.Table = "mine", "mineTargets" }},
		{[]string{"AWS_LAMBDA_FUNCTION_NAME=mine", "FANOUT_TABLE=other"}, func(o *lambda.Options) { o.FunctionName, o.Table = "mine", "other" }},
		{[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128"}, func(o *lambda.Options) { o.Table, o.InFlight = "fanoutTargets", 16 }},
		{[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"}, func(o *lambda.Options) { o.Table = "fanoutTargets" }},
		{[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "FANOUT_IN_FLIGHT=40"}, func(o *lambda.Options) { o.Table, o.InFlight = "fanoutTargets", 40 }},
		{[]string{"FANOUT_TARGETS_FILE=/a/b"}, func(o *lambda.Options) { o.Table, o.TargetsFile = "fanoutTargets", "/a/b" }},
		{[]string{
			"FANOUT_TABLE=t", "FANOUT_LEDGER_TABLE=l", "FANOUT_CONFIG_TTL=90s", "FANOUT_DEADLINE_MARGIN=3s", "FANOUT_REPORT_BATCH_ITEM_FAILURES=true",
			"FANOUT_IN_FLIGHT=1", "FANOUT_LOG_LEVEL=debug",
		}, func(o *lambda.Options) {
			o.Table, o.ConfigTTL, o.DeadlineMargin, o.ReportBatchItemFailures = "t", 90*time.Second, 3*time.Second, true
			o.LedgerTable, o.InFlight, o.LogLevel = "l", 1, zapcore.DebugLevel
		}},
		{[]string{"FANOUT_TABLE=t", "FANOUT_CONFIG_TTL=90", "FANOUT_DEADLINE_MARGIN=3"},
			func(o *lambda.Options) { o.Table, o.ConfigTTL, o.DeadlineMargin = "t", 90*time.Second, 3*time.Second }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_REPORT_BATCH_ITEM_FAILURES=false", "FANOUT_LOG_LEVEL=error"},
			func(o *lambda.Options) { o.Table, o.LogLevel = "t", zapcore.ErrorLevel }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_UNKNOWN_SOURCE=ignore"}, func(o *lambda.Options) { o.Table, o.IgnoreUnknownSource = "t", true }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_ALLOW_FILE_TARGETS=true", "FANOUT_FILE_TARGETS_DIR=/mnt/out"},
			func(o *lambda.Options) { o.Table, o.AllowFileTargets, o.FileTargetsDir = "t", true, "/mnt/out" }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_ON_FAILURE=arn:aws-cn:sqs:cn-north-1:123456789012:f.fifo"},
			func(o *lambda.Options) { o.Table, o.OnFailure = "t", "arn:aws-cn:sqs:cn-north-1:123456789012:f.fifo" }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_TRACING=xray", "AWS_XRAY_DAEMON_ADDRESS=169.254.100.1:2000"},
			func(o *lambda.Options) { o.Table, o.Tracing, o.TraceDaemon = "t", true, "169.254.100.1:2000" }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_TRACING=none"}, func(o *lambda.Options) { o.Table = "t" }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_UNKNOWN_SOURCE=fail"}, func(o *lambda.Options) { o.Table = "t" }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_LOG_LEVEL=info"}, func(o *lambda.Options) { o.Table, o.LogLevel = "t", zapcore.InfoLevel }},
		{[]string{"FANOUT_TABLE=t", "FANOUT_LOG_LEVEL=warn"}, func(o *lambda.Options) { o.Table, o.LogLevel = "t", zapcore.WarnLevel }},
	} {
		want := lambda.DefaultOptions()
		c.want(&want)
		got, err := lambda.OptionsFrom(from(c.env...))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", c.env, err, diff)
		}
	}
}

func TestOptionsFromFaults(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"FANOUT_CONFIG_TTL", "soon", `seconds or a duration, such as "60" or "1m"`},
		{"FANOUT_CONFIG_TTL", "-1m", `seconds or a duration, such as "60" or "1m"`},
		{"FANOUT_DEADLINE_MARGIN", "soon", `seconds or a duration above zero, such as "1" or "500ms"`},
		{"FANOUT_DEADLINE_MARGIN", "-1ns", `seconds or a duration above zero, such as "1" or "500ms"`},
		{"FANOUT_DEADLINE_MARGIN", "0s", `seconds or a duration above zero, such as "1" or "500ms"`},
		{"FANOUT_REPORT_BATCH_ITEM_FAILURES", "yes", `"true" or "false"`},
		{"FANOUT_UNKNOWN_SOURCE", "true", `"fail" or "ignore"`},
		{"FANOUT_ON_FAILURE", "failures", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures"},
		{"FANOUT_ON_FAILURE", "arn:aws:sns:eu-west-1:123456789012:f", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures"},
		{"FANOUT_ON_FAILURE", "arn:aws:sqs:eu-west-1:123456789012:", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures"},
		{"FANOUT_ON_FAILURE", "arn:aws:sqs:eu-west-1:123456789012:my/queue", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures"},
		{"FANOUT_ON_FAILURE", "arn:aws:sqs:eu-west-1:12:f", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures"},
		{"FANOUT_ALLOW_FILE_TARGETS", "/tmp", `"true" or "false"`},
		{"FANOUT_FILE_TARGETS_DIR", "out", "the absolute path of a folder"},
		{"FANOUT_IN_FLIGHT", "0", "a whole number of at least 1"},
		{"FANOUT_IN_FLIGHT", "-3", "a whole number of at least 1"},
		{"FANOUT_IN_FLIGHT", "2.5", "a whole number of at least 1"},
		{"FANOUT_IN_FLIGHT", "99999999999999999999", "a whole number of at least 1"},
		{"FANOUT_LOG_LEVEL", "loud", `"debug", "info", "warn" or "error"`},
		{"FANOUT_LOG_LEVEL", "fatal", `"debug", "info", "warn" or "error"`},
	} {
		_, err := lambda.OptionsFrom(from(c.name + "=" + c.value))
		if want := `the variable ` + c.name + ` is "` + c.value + `"; it must be ` + c.want; err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	_, err := lambda.OptionsFrom(from("FANOUT_IN_FLIGHT=x", "FANOUT_CONFIG_TTL=x", "FANOUT_DEADLINE_MARGIN=x", "FANOUT_REPORT_BATCH_ITEM_FAILURES=x", "FANOUT_LOG_LEVEL=x"))
	if err == nil || strings.Count(err.Error(), "the variable FANOUT_") != 5 {
		t.Errorf("of five faults it says %v", err)
	}
}
