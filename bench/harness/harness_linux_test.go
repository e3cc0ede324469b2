package harness

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"fanout/bench"
)

// does returns a function with a given behavior for every event; see TestMain.
func does(t *testing.T, what string) Function {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Function{Name: what, Command: []string{executable}, Env: []string{"BENCH_TEST_FUNCTION=" + what}}
}

func newHarness(t *testing.T) *Harness {
	t.Helper()
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// queue is a workload whose records are not acknowledged one by one.
func queue() bench.Workload {
	return bench.Workload{Name: "queue", Records: 1, Event: bench.Kinesis(1, 100, 1), Targets: []bench.Target{{Type: "sqs"}}}
}

func TestCompare(t *testing.T) {
	h := newHarness(t)
	answer, fail, end := does(t, "answer"), does(t, "fail"), does(t, "end")
	w := queue()
	stream := w
	stream.Targets = bench.Copies(1)
	figures, err := h.Compare(t.Context(), []Case{{&answer, &w}, {&fail, &w}, {&end, &w}, {&answer, &stream}}, Rounds{N: 3})
	if err != nil {
		t.Fatal(err)
	}
	if f := figures[0]; f.Err != nil || f.Processor <= 0 || f.Wall <= 0 || f.Peak < 1<<20 || f.Calls != 0 {
		t.Errorf("%+v", f)
	}
	for i, want := range []string{"", "it cannot", "exit status 3", "delivered 0 records of 1"} {
		if err := figures[i].Err; i > 0 && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("case %d: %v, want %s", i, err, want)
		}
	}
}

// TestCompareHasEnough asserts that a slow case is measured once: the function fails from
// the second event on.
func TestCompareHasEnough(t *testing.T) {
	h, once, w := newHarness(t), does(t, "answer once"), queue()
	for most, fails := range map[time.Duration]bool{time.Nanosecond: false, 0: true} {
		figures, err := h.Compare(t.Context(), []Case{{&once, &w}}, Rounds{N: 3, Most: most})
		if err != nil || (figures[0].Err != nil) != fails || (figures[0].Processor <= 0) != fails {
			t.Errorf("at most %v: %+v, %v", most, figures[0], err)
		}
	}
}

func TestStartUp(t *testing.T) {
	h, w := newHarness(t), queue()
	took, err := h.StartUp(t.Context(), &w, []Function{does(t, "answer"), does(t, "fail"), does(t, "end")}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if took[0] <= 0 || took[1] != 0 || took[2] != 0 {
		t.Errorf("%v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.StartUp(ctx, &w, []Function{does(t, "answer")}, 1); err == nil {
		t.Error("it went on after the end of its context")
	}
}

func TestNotAFunction(t *testing.T) {
	h, w := newHarness(t), queue()
	missing := Function{Name: "missing", Command: []string{"./is-not-there"}}
	if _, err := h.Compare(t.Context(), []Case{{&missing, &w}}, Rounds{N: 1}); err == nil || !strings.Contains(err.Error(), "missing cannot be started") {
		t.Errorf("%v", err)
	}
	if _, err := h.StartUp(t.Context(), &w, []Function{missing}, 1); err == nil {
		t.Error("what cannot be started did")
	}
}

// TestKernel asserts that the kernel reports a process's time and memory, and fails for a
// process that does not exist.
func TestKernel(t *testing.T) {
	before, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000_000 {
		spun++
	}
	after, err := processorTime(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("%v, then %v, %v", before, after, err)
	}
	now, err := memory(os.Getpid(), "VmRSS")
	if peak, err2 := memory(os.Getpid(), "VmHWM"); err != nil || err2 != nil || now > peak || now < 1<<20 {
		t.Errorf("resident %d, peak %d, %v, %v", now, peak, err, err2)
	}
	const nobody = 1 << 22 // above the highest process id
	if _, err := processorTime(nobody); err == nil {
		t.Error("a process that is not there has a time")
	}
	if _, err := memory(nobody, "VmRSS"); err == nil {
		t.Error("a process that is not there has memory")
	}
	if _, err := memory(os.Getpid(), "Vm"); err == nil {
		t.Error("a field that is not there has a value")
	}
}

var spun int
