package lambda

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	"go.uber.org/zap"
)

// The SDK's messages go to the log at debug level.
func TestSDKLog(t *testing.T) {
	var b bytes.Buffer
	for level, want := range map[string]string{"debug": `"msg":"AWS SDK","message":"odd: 7"`, "info": ""} {
		b.Reset()
		l, err := zap.ParseAtomicLevel(level)
		if err != nil {
			t.Fatal(err)
		}
		h, err := New(DefaultOptions(), aws.Config{}, NewLogger(&b, l.Level()))
		if err != nil {
			t.Fatal(err)
		}
		h.env.config("", identity{}).Logger.Logf(logging.Warn, "odd: %d", 7)
		if got := b.String(); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("at level %s the log says %q", level, got)
		}
	}
}
