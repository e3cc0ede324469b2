package engine_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// inPlace changes data without With, and so keeps Raw.
func inPlace() engine.Stage {
	return each("in place", func(r engine.Record, out *engine.Out) {
		r.Data = engine.Bytes([]byte("x"))
		out.Emit(r)
	})
}

// A record keeps its source record only if nothing changed, or if the stage says so.
func TestRawOfStages(t *testing.T) {
	const original = `{"a":"source record"}`
	x := engine.Bytes([]byte("x"))
	bad := engine.Unreadable(errors.New("no"))
	for name, c := range map[string]struct {
		f    func(r engine.Record, out *engine.Out)
		want string
	}{
		"unchanged":         {func(r engine.Record, out *engine.Out) { out.Emit(r) }, original},
		"own source record": {func(r engine.Record, out *engine.Out) { r.Raw = []byte("{}"); out.Emit(r) }, "{}"},
		"with":              {func(r engine.Record, out *engine.Out) { out.Emit(r.With(x)) }, ""},
		"declared":          {func(r engine.Record, out *engine.Out) { out.EmitWithSource(r.With(x), r.Raw) }, original},
		"data in place":     {func(r engine.Record, out *engine.Out) { r.Data = x; out.Emit(r) }, ""},
		"key":               {func(r engine.Record, out *engine.Out) { r.Key = "x"; out.Emit(r) }, ""},
		"merged": {func(r engine.Record, out *engine.Out) {
			m := engine.Merge([]engine.Record{r}, x)
			m.Raw = r.Raw
			out.Emit(m)
		}, ""},
		"failed":            {func(r engine.Record, out *engine.Out) { out.Fail(r, enginetest.ErrPermanent) }, original},
		"failed, changed":   {func(r engine.Record, out *engine.Out) { r.Data = x; out.Fail(r, enginetest.ErrPermanent) }, ""},
		"unreadable":        {func(r engine.Record, out *engine.Out) { out.Emit(r.With(bad)) }, original},
		"unreadable, merge": {func(r engine.Record, out *engine.Out) { out.Emit(engine.Merge([]engine.Record{r}, bad)) }, original},
	} {
		t.Run(name, func(t *testing.T) {
			in := records("a")
			in[0].Raw = []byte(original)
			out := engine.Apply(t.Context(), each(name, c.f), in)
			all := out.Emitted
			for _, l := range out.Failed {
				all = append(all, l.Record)
				if l.Record.Data.Err() != nil {
					t.Errorf("it failed without the data that the stage got")
				}
			}
			if len(all) != 1 || string(all[0].Raw) != c.want {
				t.Errorf("got %d records, %+v; want one with Raw %q", len(all), all, c.want)
			}
		})
	}
}

// CheckStage notices a stage that changes a record and keeps its source record. The test
// runs itself, to see the check fail.
func TestCheckStageNoticesRaw(t *testing.T) {
	const variable = "FANOUT_TEST_STALE_RAW"
	if os.Getenv(variable) != "" {
		enginetest.CheckStage(t, inPlace(), records("a b"))
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprint("--- FAIL: ", t.Name(), "/declares_the_source_records_that_it_keeps"); err == nil || !strings.Contains(string(out), want) {
		t.Errorf("the check passed:\n%s", out)
	}
	if n := strings.Count(string(out), "--- FAIL"); n != 2 {
		t.Errorf("%d tests failed, want only the one and its parent:\n%s", n, out)
	}
}
