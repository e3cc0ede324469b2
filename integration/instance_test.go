//go:build integration

package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"fanout/internal/testing/runtimeapi"
)

// startFunction starts an instance of bin/bootstrap with more environment variables until the
// test ends. It returns a function that sends it an event, which has some time left, and returns
// its answer.
func startFunction(t *testing.T, targets string, env ...string) func(event []byte, left time.Duration) string {
	t.Helper()
	api := must(runtimeapi.Start())(t)
	t.Cleanup(api.Close)
	cmd := exec.Command(filepath.Join("..", "bin", "bootstrap"))
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+api.Addr(), "AWS_LAMBDA_FUNCTION_NAME=tested", "FANOUT_METRICS=none",
		"FANOUT_TARGETS_FILE="+targets, "FANOUT_REPORT_BATCH_ITEM_FAILURES=true")
	cmd.Env = append(cmd.Env, env...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // returns the kill
		if t.Failed() {
			t.Logf("the function's log:\n%s", &log)
		}
	})
	return func(event []byte, left time.Duration) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		a := must(api.Invoke(ctx, event, time.Now().Add(left)))(t)
		if a.Failure != nil {
			return fmt.Sprint("error: ", a.Failure)
		}
		return string(a.Payload)
	}
}
