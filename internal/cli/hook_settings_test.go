package cli

import (
	"strings"
	"testing"
	"time"
)

// Values that AWS accepts are accepted.
func TestHookTakesWhatAWSTakes(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for _, flags := range []string{
		"--source-arn " + orders + " --starting-position AT_TIMESTAMP=" + past,
		"--source-arn " + orders + "/consumer/c:1700000000 --maximum-record-age 1h --batching-window 1m --on-failure arn:aws:s3:::bucket",
		"--source-arn " + orders + " --maximum-record-age -1 --maximum-retry-attempts -1 --on-failure ",
		"--source-arn " + topic + " --maximum-record-age 1h --maximum-retry-attempts 0 --on-failure arn:aws:events:eu-west-1:123456789012:event-bus/default",
		"--source-arn " + topic + " --on-failure arn:aws:lambda:eu-west-1:123456789012:function:other:live",
	} {
		m := manage{common: new(common)}
		var f mappingFlags
		cmd := newHook(m.common)
		cmd.ResetFlags()
		m.functionFlags(cmd)
		m.sourceFlags(cmd)
		f.add(cmd)
		if err := cmd.ParseFlags(strings.Split(flags, " ")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.settings(&m, m.sourceForm()); err != nil {
			t.Errorf("%s: %v", flags, err)
		}
	}
}
