package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fanout/bench"
	"fanout/internal/testing/runtimeapi"
)

// ErrSystem means that this system cannot measure functions.
var ErrSystem = errors.New("functions can be measured only on Linux")

// Function is a program that speaks the Lambda Runtime API.
type Function struct {
	Name    string
	Command []string // program and arguments
	Env     []string // besides the variables of every function

	Workloads []string // names of the supported workloads; empty: all
}

// Process is a running function with its own Lambda. Stop ends it.
type Process struct {
	function *Function
	api      *runtimeapi.Server
	cmd      *exec.Cmd
	ended    context.Context //nolint:containedctx // it ends with the process
	dir      string
	started  time.Time
}

// timeout is a function's time limit per event, the maximum in Lambda.
const timeout = 15 * time.Minute

// start starts f with the targets of w and the AWS at endpoint. The targets are in a file
// named by FANOUT_TARGETS_FILE. For functions that read no such file, BENCH_TARGETS has
// their types.
func (h *Harness) start(f *Function, w *bench.Workload, endpoint string) (*Process, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	p := &Process{function: f, dir: dir}
	targets := filepath.Join(dir, "targets.yaml")
	if err := os.WriteFile(targets, w.File(), 0o600); err != nil {
		return nil, errors.Join(err, p.clean())
	}
	if p.api, err = runtimeapi.Start(); err != nil {
		return nil, errors.Join(err, p.clean())
	}
	p.cmd = exec.Command(f.Command[0], f.Command[1:]...) //nolint:gosec // the user wants to measure it
	p.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + p.api.Addr(), "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_REGION=eu-west-1",
		fmt.Sprint("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=", cmp.Or(w.Memory, bench.DefaultMemory)),
		"AWS_ACCESS_KEY_ID=AKIABENCH", "AWS_SECRET_ACCESS_KEY=made up", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "HOME=" + dir,
		"PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + endpoint,
		"FANOUT_TARGETS_FILE=" + targets, "BENCH_TARGETS=" + w.Types(),
	}, f.Env...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, p.clean())
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.started = time.Now()
	if err := errors.Join(startOn(p.cmd, h.core), log.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("%s cannot be started: %w", f.Name, err), p.clean())
	}
	ended, end := context.WithCancelCause(context.Background())
	p.ended = ended
	go func() { end(errors.Join(fmt.Errorf("%s ended", f.Name), p.cmd.Wait())) }()
	return p, nil
}

// Invoke sends the function an event, and returns the time to its answer. It returns an
// error if the function fails or ends.
func (p *Process) Invoke(ctx context.Context, event []byte) (time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ended, func() { cancel(context.Cause(p.ended)) })() //nolint:contextcheck // the process has a life of its own
	begin := time.Now()
	a, err := p.api.Invoke(ctx, event, begin.Add(timeout))
	if err == nil && a.Failure != nil {
		err = a.Failure
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", p.function.Name, err, p.lastLog())
	}
	return a.At.Sub(begin), nil
}

// lastLog returns the end of the function's log.
func (p *Process) lastLog() string {
	const enough = 1000
	log, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return ""
	}
	return string(log[max(0, len(log)-enough):])
}

// ProcessorTime returns the user and system time of the function so far.
func (p *Process) ProcessorTime() (time.Duration, error) { return processorTime(p.cmd.Process.Pid) }

// Peak returns the peak resident memory in bytes; Resident returns the current.
func (p *Process) Peak() (int64, error)     { return memory(p.cmd.Process.Pid, "VmHWM") }
func (p *Process) Resident() (int64, error) { return memory(p.cmd.Process.Pid, "VmRSS") }

// Stop ends the function.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended.Done()
	return p.clean()
}

// clean removes everything that belongs to the process.
func (p *Process) clean() error {
	if p.api != nil {
		p.api.Close()
	}
	return os.RemoveAll(p.dir)
}
