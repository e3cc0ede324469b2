package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// stageFunc is a stage for tests. A pointer is comparable.
type stageFunc struct {
	name string
	f    func(ctx context.Context, in []engine.Record, out *engine.Out)
}

func stage(name string, f func(ctx context.Context, in []engine.Record, out *engine.Out)) engine.Stage {
	return &stageFunc{name, f}
}

func (s *stageFunc) Name() string { return s.name }
func (s *stageFunc) Process(ctx context.Context, in []engine.Record, out *engine.Out) {
	s.f(ctx, in, out)
}

// each is a stage that handles records one at a time.
func each(name string, f func(r engine.Record, out *engine.Out)) engine.Stage {
	return stage(name, func(_ context.Context, in []engine.Record, out *engine.Out) {
		for _, r := range in {
			f(r, out)
		}
	})
}

func upper() engine.Stage {
	return each("upper", func(r engine.Record, out *engine.Out) {
		out.Emit(r.With(engine.Bytes([]byte(strings.ToUpper(string(r.Data.Bytes()))))))
	})
}

func pairs() engine.Stage {
	return stage("pairs", func(_ context.Context, in []engine.Record, out *engine.Out) {
		for pair := range slices.Chunk(in, 2) {
			var data []byte
			for _, r := range pair {
				data = append(data, r.Data.Bytes()...)
			}
			out.Emit(engine.Merge(pair, engine.Bytes(data)))
		}
	})
}

// records makes records of one lane. Their keys and data are the words of s.
func records(s string) []engine.Record {
	var recs []engine.Record
	for i, w := range strings.Fields(s) {
		recs = append(recs, engine.Record{Key: w, Data: engine.Bytes([]byte(w)), Lane: "shard-0", Seq: fmt.Sprint(100 + i)})
	}
	return recs
}

func data(recs []engine.Record) string {
	var words []string
	for _, r := range recs {
		words = append(words, string(r.Data.Bytes()))
	}
	return strings.Join(words, " ")
}

func lost(losses []engine.Loss) string {
	var words []string
	for _, l := range losses {
		words = append(words, string(l.Record.Data.Bytes()))
	}
	return strings.Join(words, " ")
}

func TestStageAccounting(t *testing.T) {
	for _, c := range []struct {
		name                     string
		stage                    engine.Stage
		emitted, dropped, failed string
		err                      string // of each failed
	}{
		{"emit", upper(), "A B C D", "", "", ""},
		{"merge", pairs(), "ab cd", "", "", ""},
		{"many from one", each("double", func(r engine.Record, out *engine.Out) { out.Emit(r); out.Emit(r) }),
			"a a b b c c d d", "", "", ""},
		{"drop", each("drop c", func(r engine.Record, out *engine.Out) {
			if r.Key == "c" {
				out.Drop(r, "no c")
				return
			}
			out.Emit(r)
		}), "a b d", "c", "", ""},
		{"filter", each("filter c", func(r engine.Record, out *engine.Out) {
			if r.Key == "c" {
				out.Filter(r)
				return
			}
			out.Emit(r)
		}), "a b d", "c", "", ""},
		{"fail", each("fail c", func(r engine.Record, out *engine.Out) {
			if r.Key == "c" {
				out.Fail(r, errors.New("bad c"))
				return
			}
			out.Emit(r)
		}), "a b d", "", "c", "bad c"},
		{"forget", each("forget c", func(r engine.Record, out *engine.Out) {
			if r.Key != "c" {
				out.Emit(r)
			}
		}), "a b d", "", "c", "stage forget c neither emitted, filtered, dropped nor failed the record"},
		{"panic", each("panic at c", func(r engine.Record, out *engine.Out) {
			if r.Key == "c" {
				panic("secret payload")
			}
			out.Emit(r)
		}), "a b d", "", "c", "a value of type string"},
		{"runtime panic", each("index", func(r engine.Record, out *engine.Out) {
			if r.Key == "c" {
				_ = r.Key[len(r.Data.Bytes()):][:3]
			}
			out.Emit(r)
		}), "a b d", "", "c", "slice bounds out of range"},
		{"forge", stage("forge", func(_ context.Context, in []engine.Record, out *engine.Out) {
			for _, r := range in {
				out.Emit(engine.Record{Key: r.Key, Data: r.Data})
			}
		}), "", "", "a b c d", "did not derive with With or Merge"},
		{"forge by merging", stage("forge", func(_ context.Context, in []engine.Record, out *engine.Out) {
			for _, r := range in {
				out.Emit(r)
			}
			out.Emit(engine.Merge(records("x y"), engine.Bytes(nil)))
		}), "", "", "a b c d", "did not derive"},
		{"forge one more", stage("forge", func(_ context.Context, in []engine.Record, out *engine.Out) {
			for _, r := range in {
				out.Emit(r)
			}
			out.Drop(engine.Record{}, "none")
			out.Fail(engine.Record{}, errors.New("none"))
		}), "", "", "a b c d", "did not derive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := records("a b c d")
			out := engine.Apply(t.Context(), c.stage, in)
			if got := data(out.Emitted); got != c.emitted {
				t.Errorf("emitted %q, want %q", got, c.emitted)
			}
			if got := lost(out.Dropped); got != c.dropped {
				t.Errorf("dropped %q, want %q", got, c.dropped)
			}
			if got := lost(out.Failed); got != c.failed {
				t.Errorf("failed %q, want %q", got, c.failed)
			}
			for _, l := range out.Failed {
				if !strings.Contains(l.Err.Error(), c.err) || strings.Contains(l.Err.Error(), "secret") {
					t.Errorf("error %q, want %q and no payload", l.Err, c.err)
				}
			}
		})
	}
}

func TestStageInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lazy := stage("lazy", func(ctx context.Context, in []engine.Record, out *engine.Out) {
		for _, r := range in {
			if ctx.Err() != nil {
				return
			}
			out.Emit(r)
		}
	})
	failed := engine.Apply(ctx, lazy, records("a b")).Failed
	if len(failed) != 2 || engine.ClassOf(failed[0].Err) != engine.Retryable || !errors.Is(failed[0].Err, context.Canceled) {
		t.Errorf("failed %v, want both as interrupted", failed)
	}
}

func TestCut(t *testing.T) {
	cutting := stage("cut", func(_ context.Context, in []engine.Record, out *engine.Out) {
		out.Cut() // nothing comes before this cut
		for i, r := range in {
			out.Emit(r)
			if i%2 == 1 {
				out.Cut()
				out.Cut() // the same cut again
			}
		}
	})
	if got := engine.Apply(t.Context(), cutting, records("a b c d e")).Cuts; !slices.Equal(got, []int{2, 4}) {
		t.Errorf("cuts at %v, want [2 4]", got)
	}
}

func TestMerge(t *testing.T) {
	in := records("a b c")
	for i, arrived := range []int64{0, 20, 10} {
		in[i].Arrived = arrived
		in[i].Raw = []byte("{}")
	}
	m := engine.Merge(in, engine.Bytes([]byte("abc")))
	if m.Key != "a" || m.Seq != "100" || m.Arrived != 10 || m.Raw != nil || len(m.Parts()) != 3 {
		t.Errorf("merged into %+v", m)
	}
	if r := in[0]; r.Parts() != nil {
		t.Errorf("a plain record has parts: %v", r.Parts())
	}
}

func TestCheckStageOnTestStages(t *testing.T) {
	for _, s := range []engine.Stage{upper(), pairs()} {
		t.Run(s.Name(), func(t *testing.T) { enginetest.CheckStage(t, s, records("a b c d e")) })
	}
}

// Words is the smallest useful stage: it makes a record of each word.
type Words struct{}

func (Words) Name() string { return "words" }

func (Words) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		words := strings.Fields(string(r.Data.Bytes()))
		if len(words) == 0 {
			out.Drop(r, "it has no words")
		}
		for i, w := range words {
			part := r.With(engine.Bytes([]byte(w)))
			part.Sub = i
			out.Emit(part)
		}
	}
}

func ExampleStage() {
	in := []engine.Record{
		{Key: "k", Seq: "1", Data: engine.Bytes([]byte("to be"))},
		{Key: "k", Seq: "2", Data: engine.Bytes([]byte(" "))},
	}
	out := engine.Apply(context.Background(), Words{}, in)
	for _, r := range out.Emitted {
		fmt.Println(r.Seq, r.Sub, string(r.Data.Bytes()))
	}
	for _, l := range out.Dropped {
		fmt.Println(l.Record.Seq, "dropped:", l.Err)
	}
	// Output:
	// 1 0 to
	// 1 1 be
	// 2 dropped: it has no words
}

func TestClassNames(t *testing.T) {
	for c, want := range map[engine.Class]string{
		engine.Retryable: "retryable", engine.Throttled: "throttled", engine.TooLarge: "too large",
		engine.Permanent: "permanent", 9: "class 9",
	} {
		if c.String() != want {
			t.Errorf("%d is %q, want %q", uint8(c), c, want)
		}
	}
}

// What a stage uses counts for the whole lane, although failed records cut it. A stage that
// panicked has used nothing.
func TestUse(t *testing.T) {
	bounded := each("bounded", func(r engine.Record, out *engine.Out) {
		if out.Use(1) > 3 {
			out.Fail(r, engine.Errorf(engine.Retryable, "too much"))
			return
		}
		if r.Key == "panic" {
			panic(r.Key)
		}
		out.Emit(r)
	})
	for text, want := range map[string]string{"a ! b ! c ! d": "a b c", "a panic b c d": "a b c", "a b c d": "a b c"} {
		sink := &enginetest.Sink{}
		run(t, engine.Target{ID: "t", Sink: sink, Stages: []engine.Stage{
			each("failing", func(r engine.Record, out *engine.Out) {
				if r.Key == "!" {
					out.Fail(r, errors.New("failing"))
					return
				}
				out.Emit(r)
			}), bounded,
		}}, records(text))
		var got []string
		for _, r := range sink.Accepted() {
			got = append(got, r.Key)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
}
