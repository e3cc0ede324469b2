package lambda_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

func TestFromEnvironment(t *testing.T) {
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	t.Setenv("AWS_ENDPOINT_URL", fake.URL())
	fake.SetTable("mineTargets", "sourceArn", "id", awsfake.Item{
		"sourceArn": {"S": orders}, "id": {"S": "x"}, "type": {"S": "kinesis"}, "destination": {"S": "x"}, "active": {"BOOL": true},
	})
	var log bytes.Buffer
	f := lambda.FromEnvironment(append(os.Environ(), "AWS_LAMBDA_FUNCTION_NAME=mine"), &log)
	for n := range 2 {
		answer, err := f.Invoke(t.Context(), []byte(orderEvent([]byte("one"))))
		if err != nil || string(answer) != "null" || len(fake.Records("kinesis/x")) != n+1 {
			t.Errorf("got %s, %v, and %d records arrived", answer, err, len(fake.Records("kinesis/x")))
		}
	}
	if strings.Count(log.String(), "\n") != 2 {
		t.Errorf("the log is not a line an invocation:\n%s", &log)
	}
}

// A misconfigured function reports its fault at every event.
func TestMisconfigured(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for want, env := range map[string]string{
		`the variable FANOUT_IN_FLIGHT is "0"; it must be a whole number of at least 1`: "FANOUT_IN_FLIGHT=0",
		`the targets file ` + missing + ` cannot be read: no such file or directory`:    "FANOUT_TARGETS_FILE=" + missing,
		`AWS_CA_BUNDLE cannot be read: `:                                                "AWS_CA_BUNDLE=" + missing,
	} {
		t.Run(env, func(t *testing.T) {
			var log bytes.Buffer
			f := lambda.FromEnvironment([]string{env}, &log)
			for range 2 {
				if answer, err := f.Invoke(t.Context(), []byte("{}")); err == nil || answer != nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %s, %v\nwant %s", answer, err, want)
				}
			}
			if text := fmt.Sprintf("%q", want); !strings.Contains(log.String(), text[1:len(text)-1]) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("the log says\n%s", &log)
			}
		})
	}
}

// A mistyped variable has no effect, and one line at the start says so.
func TestUnknownVariables(t *testing.T) {
	const said = `"variables":["FANOUT_IN_FLIHGT; did you mean FANOUT_IN_FLIGHT?","FANOUT_PIGEONS"]`
	for level, want := range map[string]int{"warn": 1, "error": 0} {
		var log bytes.Buffer
		lambda.FromEnvironment([]string{"FANOUT_PIGEONS=3", "FANOUT_IN_FLIHGT=8", "FANOUT_LOG_LEVEL=" + level, "PATH=/bin", "AWS_REGION=eu-west-1"}, &log)
		if got := strings.Count(log.String(), said); got != want || strings.Count(log.String(), "\n") != want {
			t.Errorf("at level %s the log says\n%s", level, &log)
		}
	}
}
