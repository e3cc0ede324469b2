package modelkit

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	sums    Promise = "The parts add up to the whole."
	quick   Promise = "It takes less than a minute."
	unknown Promise = "Nobody declared it."
)

// mistake is how the toy program misbehaves.
type mistake struct{ miscounts, dawdles bool }

// toy is a model of a program that divides a number into two.
func toy() *Model[mistake] {
	return &Model[mistake]{
		Package: "./toy", Page: "kit_test.go", Runs: 20, Occurs: []string{"odd numbers"},
		Promises: []Promise{sums, quick},
		Sabotages: []Sabotage[mistake]{
			{"it forgets the remainder", mistake{miscounts: true}, sums},
			{"it sleeps", mistake{dawdles: true}, quick},
		},
		Play: func(j *Judge, d *Draw, m mistake) {
			whole, start := d.IntN(100), time.Now()
			j.Count("odd numbers", whole%2)
			a, b := whole/2, whole-whole/2
			if m.miscounts {
				b = whole / 2
			}
			if m.dawdles {
				time.Sleep(time.Hour)
			}
			if a+b != whole {
				j.Broken(sums, "%d and %d are not %d", a, b, whole)
			}
			if took := time.Since(start); took > time.Minute {
				j.Broken(quick, "it took %v", took)
			}
		},
	}
}

func TestModel(t *testing.T)        { toy().Check(t) }
func TestModelNotices(t *testing.T) { toy().CheckNotices(t) }

func TestUnnoticedSabotage(t *testing.T) {
	m := toy()
	for _, s := range []Sabotage[mistake]{
		{"no sabotage", mistake{}, sums},
		{"another promise is broken", mistake{dawdles: true}, sums},
	} {
		if m.notices(t, &s) {
			t.Errorf("%s: noticed", s.Name)
		}
	}
}

func TestGaps(t *testing.T) {
	m := toy()
	m.Sabotages = m.Sabotages[:1]
	got := m.gaps("It takes less\n  than a minute.")
	want := []string{
		"kit_test.go does not state the promise: The parts add up to the whole.",
		"no sabotage breaks the promise: It takes less than a minute.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Faulty models fail with the promise, the seed, and the command that repeats the run. They run
// in a process of their own.
func TestFaultyModels(t *testing.T) {
	if name := os.Getenv("FAULTY_MODEL"); name != "" {
		faulty[name]().Check(t)
		return
	}
	for name, want := range map[string]string{
		"broken":     "broken promise: The parts add up to the whole.",
		"repeatable": "go test ./toy -run '^TestFaultyModels$' -model.runs 1 -count 5 -model.seed 8",
		"undeclared": `the model has no promise "Nobody declared it."`,
		"vacuous":    "no run had any even numbers",
	} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestFaultyModels$", "-model.seed", "8", "-model.runs", "20")
		cmd.Env = append(os.Environ(), "FAULTY_MODEL="+name)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v; want %q in\n%s", name, err, want, out)
		}
	}
}

var faulty = map[string]func() *Model[mistake]{
	"broken":     miscounting,
	"repeatable": miscounting,
	"undeclared": func() *Model[mistake] {
		m := toy()
		m.Play = func(j *Judge, _ *Draw, _ mistake) { j.Broken(unknown, "always") }
		return m
	},
	"vacuous": func() *Model[mistake] {
		m := toy()
		m.Occurs = append(m.Occurs, "even numbers")
		return m
	},
}

func miscounting() *Model[mistake] {
	m := toy()
	play := m.Play
	m.Play = func(j *Judge, d *Draw, _ mistake) { play(j, d, mistake{miscounts: true}) }
	return m
}

func TestDraw(t *testing.T) {
	a, b := NewDraw(1), NewDraw(1)
	first := a.For("target 1").Uint64()
	_ = a.Uint64()
	if again := a.For("target 1").Uint64(); again != first {
		t.Error("For depends on what was drawn before")
	}
	if a.For("target 2").Uint64() == first || NewDraw(2).For("target 1").Uint64() == first {
		t.Error("For does not depend on the purpose and the seed")
	}
	_ = b.Uint64()
	if a.Fork().Uint64() != b.Fork().Uint64() {
		t.Error("equal seeds draw different forks")
	}
	for range 100 {
		if d := a.Below(time.Second); d < 0 || d >= time.Second {
			t.Errorf("drew %v below a second", d)
		}
		if p := Pick(a, "x", "y"); p != "x" && p != "y" {
			t.Errorf("picked %q", p)
		}
	}
}
