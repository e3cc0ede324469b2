package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/race"
)

// built returns a folder with the compared programs.
func built(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", dir+string(filepath.Separator),
		"fanout/cmd/bootstrap", "fanout/bench/yardstick", "fanout/bench/floor", "fanout/bench/empty")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// TestTables asserts that every table is printed and put into its place, with a figure in
// each cell that needs one. This also proves that all functions deliver all of each
// workload.
func TestTables(t *testing.T) {
	if race.Enabled {
		t.Skip("it runs functions, which the race detector makes slow")
	}
	bin := built(t)
	page := filepath.Join(t.TempDir(), "page.md")
	var places strings.Builder
	for _, name := range known() {
		places.WriteString("before\n<!-- " + name + " -->\nold\n<!-- end of " + name + " -->\nafter\n")
	}
	if err := os.WriteFile(page, []byte(places.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	small(t)
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{
		"-bin", bin, "-rounds", "1", "-time", "0s", "-invocations", "2", "-workloads", "W1,W3,W4,W2", "-write", page,
		"-function", "another=" + filepath.Join(bin, "yardstick"), "-env", "GOGC=400",
		"functions", "start", "targets", "records", "order", "gc", "types", "memory",
	}, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(written), "old") || strings.Count(string(written), "before") != strings.Count(string(written), "after") {
		t.Errorf("the page is not as it should be:\n%s", written)
	}
	// Plain Go is not measured with W3 and W4. Another function that fails with W3 has no
	// figure. The floor does not answer without records.
	without := map[string]int{"W3": 4, "W4": 2, "floor": 2}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		if !strings.Contains(string(written), line) {
			t.Errorf("not on the page: %s", line)
		}
		want := 0
		for row, n := range without {
			if strings.HasPrefix(line, "| "+row) {
				want = n
			}
		}
		if got := strings.Count(line, none); got != want {
			t.Errorf("%d figures are missing, want %d: %s", got, want, line)
		}
	}
	if t.Failed() || !strings.Contains(log.String(), "W3, another: ") {
		t.Errorf("log:\n%s", log.String())
	}
	t.Log(out.String())
}

// small shrinks the large tables for a test.
func small(t *testing.T) {
	targets, records, keys, shares, sizes := targetCounts, recordCounts, keyCounts, faults, memories
	counts, ofTypes, steady := typeCounts, typeRecords, steadyEvents
	t.Cleanup(func() {
		targetCounts, recordCounts, keyCounts, faults, memories = targets, records, keys, shares, sizes
		typeCounts, typeRecords, steadyEvents = counts, ofTypes, steady
	})
	typeCounts, typeRecords, steadyEvents = []int{1, 2}, 100, 1
	targetCounts, recordCounts, keyCounts, faults = []int{1, 3}, []int{100, 300}, []int{1000}, []float64{0, 0.01}
	memories = []int{128}
}
