// Package examples checks that the examples print what stands beside them.
package examples

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"fanout/command"
	"fanout/internal/testing/testenv"
)

var update = flag.Bool("update", false, "write the output that the examples have now")

func TestMain(m *testing.M) {
	testscript.Main(clearEnv{m}, map[string]func(){"fanout": func() { command.Main() }})
}

// clearEnv runs tests, but not the command fanout, without the caller's environment.
type clearEnv struct{ *testing.M }

func (m clearEnv) Run() int {
	testenv.Clear()
	return m.M.Run()
}

// Each example is a file of targets. Its records are in the file of the same name that ends
// in .json, or in event.json beside it. Its output is in the file that ends in .jsonl. The
// file that ends in .err has the failures, for an example in which records fail.
func TestExamples(t *testing.T) {
	outputs, err := filepath.Glob("*/*.jsonl")
	if err != nil || len(outputs) == 0 {
		t.Fatal("there are no examples", err)
	}
	for _, output := range outputs {
		name := strings.TrimSuffix(output, ".jsonl")
		t.Run(name, func(t *testing.T) {
			event := name + ".json"
			if _, missing := os.Stat(event); missing != nil {
				event = filepath.Join(filepath.Dir(output), "event.json")
			}
			cmd := exec.Command("fanout", "run", "--targets", name+".yaml", "--event", event)
			cmd.Env = append(os.Environ(), "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
			var messages bytes.Buffer
			cmd.Stderr = &messages
			got, err := cmd.Output()
			same(t, output, got)
			if _, missing := os.Stat(name + ".err"); missing != nil {
				if err != nil {
					t.Errorf("%v\n%s", err, messages.String())
				}
				return
			}
			_, failures, _ := strings.Cut(messages.String(), "┘\n") // they follow the table
			same(t, name+".err", []byte(failures))
		})
	}
}

// The cases of fanout test pass.
func TestCases(t *testing.T) {
	if out, err := exec.Command("fanout", "test", "cases").CombinedOutput(); err != nil || !bytes.HasSuffix(out, []byte("6 cases, 0 failed\n")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// same compares got with a file, or writes it with -update.
func same(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}
