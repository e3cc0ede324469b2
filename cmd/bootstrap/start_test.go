package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Before main the packages of the function may allocate this much, and no package more than
// a few objects that is not named here. Allocations are the same at each start, and time
// follows them (docs/performance.md, Start-up).
const (
	startBytes  = 1_600_000
	fewObjects  = 120
	initialized = "init "
)

// slowToStart are the packages that are worth their start: the endpoints of AWS's
// clients, and the tables of the languages that targets are written in.
var slowToStart = []string{"/internal/endpoints", "itchyny/gojq", "go.yaml.in/yaml/v3"}

// TestStart asserts that no package takes the function long to start.
func TestStart(t *testing.T) {
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1") // it ends there
	trace, _ := cmd.CombinedOutput()
	sum, packages := 0, 0
	for lines := bufio.NewScanner(strings.NewReader(string(trace))); lines.Scan(); {
		line, ok := strings.CutPrefix(lines.Text(), initialized)
		if !ok {
			continue
		}
		var name string
		var at, took float64
		var bytes, objects int
		if _, err := fmt.Sscanf(line, "%s @%f ms, %f ms clock, %d bytes, %d allocs", &name, &at, &took, &bytes, &objects); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		sum, packages = sum+bytes, packages+1
		if objects > fewObjects && !isSlow(name) {
			t.Errorf("the package %s allocates %d objects before main, at most %d are allowed: make them when they are needed", name, objects, fewObjects)
		}
	}
	if packages == 0 {
		t.Fatalf("no package was initialized: %s", trace)
	}
	if sum > startBytes {
		t.Errorf("%d packages allocate %d bytes before main, at most %d are allowed: GODEBUG=inittrace=1 bin/bootstrap shows them", packages, sum, startBytes)
	}
}

func isSlow(name string) bool {
	for _, slow := range slowToStart {
		if strings.HasSuffix(name, slow) {
			return true
		}
	}
	return false
}
