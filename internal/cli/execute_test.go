package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/clitest"
)

// TestExecute runs the command within this process, to find goroutines that it leaks.
func TestExecute(t *testing.T) {
	aws, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	stream := newFakeStream("shardId-000000000000")
	t.Cleanup(stream.Close)
	stream.put("shardId-000000000000", 3)
	for name, value := range clitest.ClientEnv(aws.URL(), stream.URL()) {
		t.Setenv(name, value)
	}
	// A record fails once, and is delivered with the next batch.
	aws.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.N == 1 {
			return &awsfake.Fault{Code: "AccessDenied"}
		}
		return nil
	})
	targets := filepath.Join(t.TempDir(), "targets.json")
	text := `{"targets": [{"sourceArn": "` + clitest.Orders + `", "id": "queue", "type": "sqs",
		"destination": "arn:aws:sqs:eu-west-1:123456789012:queue", "active": true}]}`
	if err := os.WriteFile(targets, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	var out, errs bytes.Buffer
	status := execute([]string{"run", "--targets", targets, "--source-arn", clitest.Orders, "--once"}, nil, &out, &errs)
	if status != exitOK {
		t.Errorf("exit status %d after all was delivered:\n%s", status, &errs)
	}
	if !strings.Contains(errs.String(), "fanout: warning: records were not delivered; trying again (stream "+clitest.Orders+", shard shardId-000000000000, ") {
		t.Errorf("no warning of the records that failed first:\n%s", &errs)
	}
	status = execute([]string{"run", "--targets", targets, "--event", "-"}, bytes.NewReader(clitest.KinesisEvent(3, 1)), &out, &errs)
	if status != exitOK {
		t.Errorf("exit status %d:\n%s", status, &errs)
	}
	if n := len(aws.Records("sqs/queue")); n != 2 {
		t.Errorf("the queue took %d messages, want 2", n)
	}
}

func TestUnreadableStandardInput(t *testing.T) {
	var errs bytes.Buffer
	in := iotest.ErrReader(errors.New("it broke"))
	if status := execute([]string{"run", "--targets", "t.yaml", "--event", "-"}, in, &errs, &errs); status != exitUsage {
		t.Errorf("exit status %d, want %d", status, exitUsage)
	}
	if got, want := errs.String(), "fanout: standard input cannot be read: it broke\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A report that cannot be written is a failure, because a user needs it.
func TestUnwritableReport(t *testing.T) {
	targets := filepath.Join(t.TempDir(), "targets.json")
	if err := os.WriteFile(targets, []byte(`{"targets": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	var errs bytes.Buffer
	status := execute([]string{"run", "--targets", targets, "--event", "-", "--output", "json"},
		strings.NewReader(`{"Records": []}`), brokenPipe{}, &errs)
	if status != exitFailed || !strings.Contains(errs.String(), "fanout: the report cannot be written: it broke\n") {
		t.Errorf("exit status %d, want %d:\n%s", status, exitFailed, &errs)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("it broke") }
