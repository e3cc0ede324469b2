package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/runtimeapi"
)

// function is the function as a process, with its own Lambda and AWS.
type function struct {
	t    *testing.T
	api  *runtimeapi.Server
	log  string          // file with its standard error
	life context.Context //nolint:containedctx // it ends with the process
}

func startAWS(t *testing.T) *awsfake.Server {
	t.Helper()
	aws, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	return aws
}

// start starts the function. env comes after the variables that Lambda sets.
func start(t *testing.T, aws *awsfake.Server, env ...string) *function {
	t.Helper()
	api, err := runtimeapi.Start()
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancelCause(context.WithoutCancel(t.Context()))
	// The function logs to a file, so a line written before the answer is there after it.
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	f := &function{t, api, log.Name(), life}
	cmd := exec.Command(executable)
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + api.Addr(), "AWS_LAMBDA_FUNCTION_NAME=fanout", "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIAFUNCTION", "AWS_SECRET_ACCESS_KEY=made up",
		"AWS_EC2_METADATA_DISABLED=true", "FANOUT_METRICS=none", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_ENDPOINT_URL=" + aws.URL(), "HOME=" + t.TempDir(),
	}, env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := errors.Join(cmd.Start(), log.Close()); err != nil {
		t.Fatal(err)
	}
	go func() { end(errors.Join(errors.New("the function ended"), cmd.Wait())) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-life.Done()
		api.Close()
		if t.Failed() {
			t.Logf("the function's log:\n%s", f.logged())
		}
	})
	return f
}

// invoke sends an event to the function, with left as the time to answer.
func (f *function) invoke(event string, left time.Duration) runtimeapi.Answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.life, time.Minute)
	defer cancel()
	a, err := f.api.Invoke(ctx, []byte(event), time.Now().Add(left))
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

// answer invokes the function with enough time, and returns its answer or the error.
func (f *function) answer(event string) string {
	f.t.Helper()
	a := f.invoke(event, time.Minute)
	if a.Failure != nil {
		return "error: " + a.Failure.Message
	}
	return string(a.Payload)
}

// want checks the answer to an event.
func (f *function) want(event, answer string) {
	f.t.Helper()
	if got := f.answer(event); got != answer {
		f.t.Errorf("the function answered %s\nwant %s", got, answer)
	}
}

// logged returns the log so far.
func (f *function) logged() string {
	f.t.Helper()
	text, err := os.ReadFile(f.log)
	if err != nil {
		f.t.Error(err)
	}
	return string(text)
}

// entry is a line of the log.
type entry struct{ Level, Msg, Target, Error string }

// entries returns the lines of the log that have the message msg.
func (f *function) entries(msg string) []entry {
	f.t.Helper()
	var found []entry
	for line := range strings.Lines(f.logged()) {
		var e entry
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == msg {
			found = append(found, e)
		}
	}
	return found
}

// targetsFile writes a file with targets and returns the variable with its name.
func targetsFile(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return "FANOUT_TARGETS_FILE=" + path
}

// item is a target of orders in the table, which the function finds by its own name.
func item(id, kind, destination string, more map[string]any) awsfake.Item {
	it := awsfake.Item{
		"sourceArn": {"S": orders}, "id": {"S": id}, "type": {"S": kind}, "destination": {"S": destination}, "active": {"BOOL": true},
	}
	for name, value := range more {
		switch value.(type) {
		case bool:
			it[name] = map[string]any{"BOOL": value}
		default:
			it[name] = map[string]any{"S": value}
		}
	}
	return it
}

func setTargets(aws *awsfake.Server, items ...awsfake.Item) {
	aws.SetTable("fanoutTargets", "sourceArn", "id", items...)
}
