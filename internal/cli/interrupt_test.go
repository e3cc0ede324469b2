package cli

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/clitest"
)

// held is a running `fanout run` with its first call to AWS in flight.
type held struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr *bufio.Reader
	aws    *awsfake.Server
	let    chan struct{} // closed: the call continues
}

// hold starts `fanout run` with args in a new folder and waits until it makes a call.
// The fake continues with fault when the test closes let.
func hold(t *testing.T, fault *awsfake.Fault, args ...string) *held {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	aws, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	stream := newFakeStream("shardId-000000000000")
	t.Cleanup(stream.Close)
	stream.put("shardId-000000000000", 3)

	dir := t.TempDir()
	for name, text := range map[string]string{
		"event.json": string(clitest.KinesisEvent(3, 1)),
		"targets.yaml": "targets: [{sourceArn: '" + clitest.Orders + "', id: queue, type: sqs, " +
			"destination: 'arn:aws:sqs:eu-west-1:123456789012:queue', active: true}]",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	called := make(chan struct{}, 100)
	h := &held{t: t, aws: aws, let: make(chan struct{})}
	aws.OnCall(func(awsfake.Call) *awsfake.Fault {
		called <- struct{}{}
		<-h.let
		return fault
	})
	h.cmd = exec.Command("fanout", append([]string{"run", "--targets", "targets.yaml"}, args...)...)
	h.cmd.Dir, h.cmd.Env = dir, os.Environ()
	for name, value := range clitest.ClientEnv(aws.URL(), stream.URL()) {
		h.cmd.Env = append(h.cmd.Env, name+"="+value)
	}
	pipe, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.stderr = bufio.NewReader(pipe)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	return h
}

// start starts a command whose calls go to a server.
func start(t *testing.T, url string, args ...string) *held {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	h := &held{t: t, cmd: exec.Command("fanout", args...)}
	h.cmd.Env = os.Environ()
	for name, value := range clitest.ClientEnv(url, url) {
		h.cmd.Env = append(h.cmd.Env, name+"="+value)
	}
	pipe, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.stderr = bufio.NewReader(pipe)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return h
}

// interrupt sends a signal.
func (h *held) interrupt() {
	h.t.Helper()
	if err := h.cmd.Process.Signal(os.Interrupt); err != nil {
		h.t.Fatal(err)
	}
}

// heard waits until the command reports the interrupt.
func (h *held) heard() {
	h.t.Helper()
	line, err := h.stderr.ReadString('\n')
	if want := "fanout: finishing the calls in flight; interrupt again to stop at once\n"; err != nil || line != want {
		h.t.Fatalf("standard error has %q (%v), want %q", line, err, want)
	}
}

// end waits for the command and returns the rest of its standard error.
func (h *held) end() (stderr string, state *os.ProcessState) {
	h.t.Helper()
	rest, err := io.ReadAll(h.stderr)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = h.cmd.Wait() // the state has the same information
	return string(rest), h.cmd.ProcessState
}

func TestInterruptFinishesEvent(t *testing.T) {
	h := hold(t, nil, "--event", "event.json", "--event", "event.json", "--event", "event.json")
	h.interrupt()
	h.heard()
	close(h.let)
	stderr, state := h.end()
	if state.ExitCode() != exitFailed {
		t.Errorf("exit status %d, want %d: not all events were handled", state.ExitCode(), exitFailed)
	}
	if n := len(h.aws.Records("sqs/queue")); n != 1 {
		t.Errorf("the queue took %d messages, want 1", n)
	}
	for _, want := range []string{
		"│ queue  │ sqs  │         3 │       0 │        0 │      0 │        1 │",
		"fanout: interrupted before event 2 of 3, event.json; this event and later ones were not handled\n",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, stderr)
		}
	}
}

func TestInterruptFinishesBatch(t *testing.T) {
	h := hold(t, nil, "--source-arn", clitest.Orders, "--starting-position", "TRIM_HORIZON", "--checkpoint", "c.json")
	h.interrupt()
	h.heard()
	close(h.let)
	stderr, state := h.end()
	if state.ExitCode() != exitOK {
		t.Errorf("exit status %d, want %d\n%s", state.ExitCode(), exitOK, stderr)
	}
	checkpoint, err := os.ReadFile(filepath.Join(h.cmd.Dir, "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(checkpoint), `"1003"`) {
		t.Errorf("the checkpoint is not past the batch that was under way:\n%s", checkpoint)
	}
}

// Failed records are not delivered, though a later run would send them again.
func TestInterruptWhileFailing(t *testing.T) {
	h := hold(t, &awsfake.Fault{Code: "AccessDenied"}, "--source-arn", clitest.Orders, "--starting-position", "TRIM_HORIZON")
	h.interrupt()
	h.heard()
	close(h.let)
	stderr, state := h.end()
	if state.ExitCode() != exitFailed {
		t.Errorf("exit status %d, want %d", state.ExitCode(), exitFailed)
	}
	for _, want := range []string{
		"queue: 1 failed, first 1001 of shardId-000000000000: sqs queue: AccessDenied",
		"fanout: interrupted with failed records in 1 of the shards; their checkpoints are before these records\n",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, stderr)
		}
	}
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	h := hold(t, nil, "--event", "event.json")
	h.interrupt()
	h.heard()
	h.interrupt()
	_, state := h.end() // the call is still held
	if status, ok := state.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("the command ended with %v, want an interrupt", state)
	}
	close(h.let)
	if n := len(h.aws.Records("sqs/queue")); n > 1 {
		t.Errorf("the queue took %d messages", n)
	}
}
