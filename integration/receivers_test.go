//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

// startRun starts `fanout run` with an access key that tells it from others. stop interrupts it.
func startRun(t *testing.T, key string, env []string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "bin", "fanout"), args...)
	cmd.Env = append(append(os.Environ(), env...), "AWS_ACCESS_KEY_ID="+key)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // returns the kill
		}
		if t.Failed() {
			t.Logf("%s:\n%s", key, &log)
		}
	})
	return func() {
		ended = true
		_ = cmd.Process.Signal(os.Interrupt)
		// It does not know that another process has delivered what it could not.
		if err := cmd.Wait(); err != nil && !strings.Contains(log.String(), "stay in the queue") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestReceivers reads a FIFO queue with three processes at a time. A request of the target takes longer
// than the visibility timeout, so the process that waits for it must keep its messages hidden. One
// record of each group is refused, so its message comes again when the visibility timeout ends, to any of
// the processes. Every message is in the stream once, in the order of its group, and none was deleted
// before.
func TestReceivers(t *testing.T) {
	s := connect(t)
	source := s.createQueue(t, "shared.fifo")
	url := *must(s.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("shared.fifo")}))(t).QueueUrl
	must(s.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"VisibilityTimeout": "1"}}))(t)
	const groups, each = 5, 8
	sent := s.fillFIFO(t, url, groups, each)

	w, server := startWitness(t)
	w.expire = func(handle string) {
		if _, err := s.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: &handle}); err != nil {
			t.Errorf("a visibility timeout cannot be ended: %v", err)
		}
	}
	refused := map[string]bool{}
	w.refuse = func(entry json.RawMessage) string {
		var record struct {
			Data         []byte
			PartitionKey string
		}
		if err := json.Unmarshal(entry, &record); err != nil {
			t.Errorf("a record: %v", err)
		}
		if refused[record.PartitionKey] || !strings.HasSuffix(string(record.Data), " 002") {
			return ""
		}
		refused[record.PartitionKey] = true
		return "InvalidArgumentException"
	}
	proxy := must(faultproxy.Start(faultproxy.HTTP, server.Listener.Addr().String()))(t)
	t.Cleanup(proxy.Close)
	proxy.OnRequest(func(n int) *faultproxy.Fault {
		if n == 1 {
			time.Sleep(13 * time.Second) // the shortest visibility timeout of a run is 10 seconds
		}
		return nil
	})

	file := targetsFile(t, source, target{"type": "kinesis", "destination": s.createStream(t, "shared", 2), "parallel": false})
	env := []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_ENDPOINT_URL_KINESIS=http://" + proxy.Addr()}
	var stops []func()
	for i := range 3 {
		stops = append(stops, startRun(t, fmt.Sprint("receiver-", i), env,
			"run", "--targets", file, "--source-arn", source, "--batch-size", "2", "--maximum-concurrency", "1"))
	}
	eventually(t, func() error {
		if n := s.waiting(t, url); n > 0 {
			return fmt.Errorf("%d messages are in the queue", n)
		}
		return nil
	})
	for _, stop := range stops {
		stop()
	}
	if diff := cmp.Diff(sent, s.streamData(t, "shared")); diff != "" {
		t.Errorf("the stream differs from the queue (-sent +got):\n%s", diff)
	}
	received := 0
	for _, n := range w.readers {
		received += n
	}
	if len(refused) != groups || len(w.deleted) != groups*each || received <= groups*each || len(w.readers) < 2 {
		t.Errorf("%d groups had a refused record, %d messages deleted, %d received: %v", len(refused), len(w.deleted), received, w.readers)
	}
	t.Logf("%d messages, received by %v", len(w.deleted), w.readers)
}
