package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/sinks/internal/sinktest"
)

// dataOfLines returns the data of the records in lines.
func dataOfLines(t *testing.T, lines []byte) [][]byte {
	t.Helper()
	var all [][]byte
	for d := json.NewDecoder(bytes.NewReader(lines)); d.More(); {
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Data != nil {
			l.Data64 = []byte(*l.Data)
		}
		all = append(all, l.Data64)
	}
	return all
}

func TestFileConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		path := filepath.Join(t.TempDir(), "out.jsonl")
		f := New(path)
		return enginetest.SinkHarness{
			Sink: f,
			Accepted: func() [][]byte {
				lines, err := os.ReadFile(path)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Error(err)
				}
				return dataOfLines(t, lines)
			},
			Break: func() {
				open := f.open
				f.open = func() (io.WriteCloser, error) {
					f.open = open
					return nil, errors.New("the disk is gone")
				}
			},
			Record: sinktest.Awkward,
		}
	})
}

func TestFileLines(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	o := w.Send(t.Context(), []engine.Record{
		{
			Key: "a", HashKey: "12", Lane: "shardId-000000000000", Seq: "495", Sub: 1, Action: "PUT", Arrived: 1763798400001,
			Data: engine.Bytes([]byte("<a> & \"b\"\n")),
		},
		{Key: "b", Data: engine.Base64([]byte("/wA="))},
		{},
	})
	if !o.OK() {
		t.Fatal(o.Err(0))
	}
	want := `{"key":"a","hashKey":"12","shard":"shardId-000000000000","sequence":"495","sub":1,"action":"PUT","arrived":"2025-11-22T08:00:00.001Z","data":"<a> & \"b\"\n"}
{"key":"b","data64":"/wA="}
{"data":""}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
	if got := w.String() + ", " + New("a/b").String() + ", " + New("-").String(); got != "writer, file a/b, file -" {
		t.Error(got)
	}
}

func TestFileIsItsOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if o := New(path).Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
		t.Fatal(o.Err(0))
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
}

// TestStandardOutputIsHarmless asserts that a record on standard output does not act on a
// terminal and decodes to the same data.
func TestStandardOutputIsHarmless(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()

	const hostile = "a\x1b[2J\u009b31m\u202e\x7f\n\U0001F680"
	if o := New("-").Send(t.Context(), []engine.Record{{Key: hostile, Data: engine.Bytes([]byte(hostile))}}); o.Err(0) != nil {
		t.Fatal(o.Err(0))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Key, Data string }
	if err := json.Unmarshal(text, &got); err != nil || got.Key != hostile || got.Data != hostile {
		t.Errorf("%s: %+v, %v", text, got, err)
	}
	if line := strings.TrimSuffix(string(text), "\n"); strings.ContainsFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
		t.Errorf("%q acts on a terminal", line)
	}
}

func TestFileAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Several targets may write to one file under different names.
	sinks := []*Sink{New(path), New(filepath.Join(filepath.Dir(path), ".", "out.jsonl"))}
	if sinks[0].mu != sinks[1].mu {
		t.Error("two names of a file have two locks")
	}
	const requests = 50
	var wg sync.WaitGroup
	for _, s := range sinks {
		wg.Go(func() {
			for range requests {
				if o := s.Send(t.Context(), sinktest.Numbered(3)); !o.OK() {
					t.Error(o.Err(0))
				}
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(got, []byte("before\n"))
	if !ok {
		t.Error("what was in the file is gone")
	}
	if n := len(dataOfLines(t, rest)); n != 2*3*requests {
		t.Errorf("%d lines; want %d", n, 2*3*requests)
	}
}

// TestFileBelow asserts that a file with an untrusted path stays below its folder.
func TestFileBelow(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for link, to := range map[string]string{"out": outside, "file": filepath.Join(outside, "file"), "inside": "real"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, ok := range map[string]bool{
		"real": true, "inside": true, "a/../real": false, // there is no a
		"../escape": false, "out/escape": false, "file": false, filepath.Join(outside, "escape"): false,
	} {
		o := NewBelow(dir, path).Send(t.Context(), sinktest.Numbered(2))
		if o.OK() != ok {
			t.Errorf("%s: %v", path, o.Err(0))
		}
		if !ok && engine.ClassOf(o.Err(0)) != engine.Permanent {
			t.Errorf("%s: %v is tried again", path, o.Err(0))
		}
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("outside of the folder there is %v, %v", left, err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "real"))
	if n := len(dataOfLines(t, got)); err != nil || n != 4 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		sink *Sink
		want engine.Class
	}{
		{"no directory", New(filepath.Join(dir, "missing", "out")), engine.Permanent},
		{"a directory", New(dir), engine.Retryable},
		{"short write", NewWriter(shortWriter{}), engine.Retryable},
		{"failed write", NewWriter(brokenWriter{}), engine.Retryable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.sink.Send(t.Context(), sinktest.Numbered(2))
			for i := range 2 {
				if err := o.Err(i); err == nil || engine.ClassOf(err) != tt.want {
					t.Errorf("record %d: %v, class %v; want class %v", i, err, engine.ClassOf(err), tt.want)
				} else if !strings.HasPrefix(err.Error(), tt.sink.String()) {
					t.Errorf("the error does not name the sink: %v", err)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := New(filepath.Join(dir, "never")).Send(ctx, sinktest.Numbered(1)); o.OK() {
		t.Error("written after the end of the context")
	}
}

type shortWriter struct{}

func (shortWriter) Write(b []byte) (int, error) { return len(b) - 1, nil }

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

// halfFile writes half of its input and fails.
type halfFile struct{ *os.File }

func (f halfFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b[:len(b)/2])
	return n, errors.Join(err, errors.New("the disk is full"))
}

func TestUndo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	want := func(text string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("the file holds %q, %v; want %q", got, err, text)
		}
	}
	f, other := open(), open()
	defer f.Close()
	defer other.Close()
	fmt.Fprint(f, "whole\nhal")
	undo(f, len("hal"))
	want("whole\n")

	fmt.Fprint(f, "hal")
	fmt.Fprint(other, "another's\n")
	undo(f, len("hal"))
	want("whole\nhalanother's\n")

	undo(io.Discard, 3) // must do no harm
}

// TestFileWhole asserts that a partial write leaves nothing behind, and that the next
// request is written.
func TestFileWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := New(path)
	open := f.open
	f.open = func() (io.WriteCloser, error) {
		w, err := open()
		return halfFile{w.(*os.File)}, err
	}
	if o := f.Send(t.Context(), sinktest.Numbered(3)); o.OK() {
		t.Error("half a request counts as delivered")
	}
	f.open = open
	if o := f.Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
		t.Error(o.Err(0))
	}
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(dataOfLines(t, lines)); n != 2 {
		t.Errorf("%d lines; want 2", n)
	}
}

func BenchmarkFileSend(b *testing.B) {
	sinktest.BenchmarkSend(b, NewWriter(io.Discard), sinktest.Numbered(500))
}
