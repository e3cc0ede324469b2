package sources

import (
	"strings"
	"testing"
	"time"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/testing/clitest"
)

// Values that AWS accepts are accepted.
func TestHookTakesWhatAWSTakes(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for _, flags := range []string{
		"--source-arn " + clitest.Orders + " --starting-position AT_TIMESTAMP=" + past,
		"--source-arn " + clitest.Orders + "/consumer/c:1700000000 --maximum-record-age 1h --batching-window 1m --on-failure arn:aws:s3:::bucket",
		"--source-arn " + clitest.Orders + " --maximum-record-age -1 --maximum-retry-attempts -1 --on-failure ",
		"--source-arn " + topic + " --maximum-record-age 1h --maximum-retry-attempts 0 --on-failure arn:aws:events:eu-west-1:123456789012:event-bus/default",
		"--source-arn arn:aws:sqs:eu-west-1:123456789012:orders --batch-size 10000 --batching-window 5m --maximum-concurrency 1000",
		"--source-arn arn:aws:sqs:eu-west-1:123456789012:orders.fifo --batch-size 10 --maximum-concurrency 0",
		"--source-arn arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders --starting-position AT_TIMESTAMP=" + past + " --minimum-pollers 1 --maximum-pollers 2000 --maximum-retry-attempts 5",
		"--source-arn kafka://b:9094/orders --consumer-group fanout --source-access BASIC_AUTH=arn:aws:secretsmanager:eu-west-1:123456789012:secret:s --source-access VPC_SECURITY_GROUP=security_group:sg-1",
		"--source-arn " + topic + " --on-failure arn:aws:lambda:eu-west-1:123456789012:function:other:live",
	} {
		m := manage.Command{Factory: new(factory.Factory)}
		var f manage.MappingFlags
		cmd := NewHook(m.Factory)
		cmd.ResetFlags()
		m.FunctionFlags(cmd)
		m.SourceFlags(cmd)
		f.Add(cmd)
		if err := cmd.ParseFlags(strings.Split(flags, " ")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Settings(&m, m.SourceForm()); err != nil {
			t.Errorf("%s: %v", flags, err)
		}
	}
}
