package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func openFile(t *testing.T, path string) *File {
	t.Helper()
	f, err := OpenFile(path)
	must(t, err)
	return f
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	f := openFile(t, path)
	if got, err := f.Load(kinesisARN); err != nil || len(got) != 0 {
		t.Errorf("a new file has %v, %v", got, err)
	}
	one := map[string]Checkpoint{
		"a": {Seq: "4959000000000000000000000000000000000000000000000001", Ended: true},
		"b": {Since: time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC)},
	}
	two := map[string]Checkpoint{"a": {Ended: true}}
	must(t, f.Save(kinesisARN, one))
	must(t, f.Save(dynamoDBARN, two))
	one["a"] = Checkpoint{} // the file must not change with it

	if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("opening it a second time: %v", err)
	}
	must(t, f.Close())

	f = openFile(t, path)
	one["a"] = Checkpoint{Seq: "4959000000000000000000000000000000000000000000000001", Ended: true}
	for stream, want := range (streams{kinesisARN: one, dynamoDBARN: two, "arn:other": nil}) {
		got, err := f.Load(stream)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stream, diff)
		}
	}
	must(t, f.Close())
	if left, err := filepath.Glob(path + ".tmp"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFileFaults(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty":    "",
		"null":     "null",
		"cut":      `{"arn:x":{"a":{"sequenceNumber":"1"`,
		"list":     "[]",
		"targets":  `{"targets":{"a":{"id":"x"}}}`,
		"trailing": `{} {}`,
		"number":   `{"arn:x":{"a":{"sequenceNumber":"12x"}}}`,
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path+" is not a valid checkpoint file") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := OpenFile(filepath.Join(dir, "no", "such", "folder")); err == nil || !strings.Contains(err.Error(), "cannot be locked") {
		t.Errorf("no folder: error %v", err)
	}
	if _, err := OpenFile(dir); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a folder: error %v", err)
	}
}

// A failed write leaves the file unchanged, and ends the run.
func TestUnwritableFileEndsTheRun(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			must(t, os.Mkdir(dir, 0o700))
			path := filepath.Join(dir, "checkpoints.json")
			file := openFile(t, path)
			defer file.Close()
			must(t, file.Save("arn:other", map[string]Checkpoint{"a": {Seq: "1"}}))
			before, err := os.ReadFile(path)
			must(t, err)
			must(t, os.Rename(dir, dir+".old")) // path is not writable
			path = filepath.Join(dir+".old", "checkpoints.json")
			for _, start := range []Start{TrimHorizon, Latest} {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeStream("a")
					f.put("a", 500)
					r := newReceiver(t)
					err := s.poller(t, f, r.handle, Options{Checkpoints: file, Start: start}).Run(t.Context())
					if err == nil || !strings.Contains(err.Error(), "the checkpoints of stream "+s.arn+" cannot be written") {
						t.Errorf("error %v", err)
					}
					if len(r.batches) > 1 {
						t.Errorf("%d batches were delivered without a checkpoint", len(r.batches))
					}
				})
			}
			after, err := os.ReadFile(path)
			must(t, err)
			if string(before) != string(after) {
				t.Errorf("the file changed to %s", after)
			}
		})
	}
}

// A user with write access to the checkpoint folder cannot use it to change other
// files.
func TestFileFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	precious, path := filepath.Join(dir, "precious"), filepath.Join(dir, "checkpoints.json")
	must(t, os.WriteFile(precious, []byte("{}"), 0o600))
	must(t, os.Symlink(precious, path+".tmp"))
	must(t, os.Symlink(precious, path))
	file := openFile(t, path)
	defer file.Close()
	must(t, file.Save("arn:s", map[string]Checkpoint{"a": {Seq: "1"}}))
	if text, err := os.ReadFile(precious); err != nil || string(text) != "{}" {
		t.Errorf("the other file has %q, %v", text, err)
	}
	info, err := os.Lstat(path)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("the checkpoints have mode %v, want a file that its owner alone can read", info.Mode())
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*.tmp")); err != nil || len(found) != 1 {
		t.Errorf("%v is left, want the link alone; %v", found, err)
	}

	other := filepath.Join(dir, "other.json")
	must(t, os.Symlink(precious, other+".lock"))
	if _, err := OpenFile(other); err == nil || !strings.Contains(err.Error(), "cannot be locked") {
		t.Errorf("a lock that is a link: error %v", err)
	}
}

type unreadable struct{ Memory }

func (*unreadable) Load(string) (map[string]Checkpoint, error) { return nil, errors.New("no") }

func TestUnreadableCheckpointsEndTheRun(t *testing.T) {
	f := newFakeStream("a")
	err := services[0].poller(t, f, newReceiver(t).handle, Options{Checkpoints: &unreadable{}}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the checkpoints of stream "+kinesisARN+" cannot be read") {
		t.Errorf("error %v", err)
	}
}

func TestEndedShardsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := services[0]
		f := newFakeStream("a")
		f.put("a", 1)
		f.open("b", "a")
		f.put("b", 1)
		store := NewMemory()
		s.run(t, f, newReceiver(t).handle, Options{Once: true, Checkpoints: store})
		shards := func() string {
			marks, err := store.Load(s.arn)
			must(t, err)
			var ids []string
			for _, id := range []string{"a", "b", "c"} {
				if c, ok := marks[id]; ok {
					ids = append(ids, fmt.Sprintf("%s %v", id, c.Ended))
				}
			}
			return strings.Join(ids, ", ")
		}
		f.remove("a")
		f.put("b", 1)
		s.run(t, f, newReceiver(t).handle, Options{Once: true, Checkpoints: store})
		if got, want := shards(), "a true, b false"; got != want {
			t.Errorf("while its child is there: %s, want %s", got, want)
		}
		f.open("c", "b")
		f.put("c", 1)
		s.run(t, f, newReceiver(t).handle, Options{Once: true, Checkpoints: store})
		f.remove("b")
		f.put("c", 1)
		s.run(t, f, newReceiver(t).handle, Options{Once: true, Checkpoints: store})
		if got, want := shards(), "b true, c false"; got != want {
			t.Errorf("when its child is gone: %s, want %s", got, want)
		}
	})
}

// Under any fault, and at any end of the process, the next process resumes from the
// checkpoint file. No record is lost, each is delivered for the first time in the
// order of its shard, and no child comes before its parent.
func TestNothingIsLost(t *testing.T) {
	for _, s := range services {
		for seed := range uint64(10) {
			t.Run(fmt.Sprintf("%s/seed=%d", s.name, seed), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "checkpoints.json")
				synctest.Test(t, func(t *testing.T) { crashes(t, s, path, rand.New(rand.NewPCG(seed, 0))) })
			})
		}
	}
}

func crashes(t *testing.T, s service, path string, rng *rand.Rand) {
	chance := make(chan float64) // rng is not safe for concurrent use
	stopDice := make(chan struct{})
	go func() {
		for {
			select {
			case chance <- rng.Float64():
			case <-stopDice:
				return
			}
		}
	}()
	defer close(stopDice)
	dice := func(p float64) bool { return <-chance < p }

	f := newFakeStream("a", "b")
	f.life = time.Duration(<-chance * float64(10*time.Second))
	f.pageSize = 1
	f.fail = func(op, _ string) error {
		switch {
		case op == "list" || !dice(0.1):
			return nil
		case dice(0.5):
			return apiError("ProvisionedThroughputExceededException")
		default:
			return errors.New("connection reset by peer")
		}
	}
	r := newReceiver(t)
	var crash context.CancelFunc
	var crashed atomic.Bool
	acked := make(map[string]string) // by shard: the last acknowledged record
	r.reply = func(_ context.Context, batch []delivery) (string, error) {
		wait(time.Duration(<-chance * float64(time.Second)))
		if crashed.Load() || dice(0.05) {
			crashed.Store(true)
			crash()
			return "", errors.New("the process was killed")
		}
		if dice(0.1) {
			return "", errors.New("no")
		}
		n := len(batch)
		if dice(0.2) {
			n = int(<-chance * float64(n))
		}
		if n > 0 {
			r.mu.Lock()
			acked[batch[0].shard()] = batch[n-1].data
			r.mu.Unlock()
		}
		if n == len(batch) {
			return "", nil
		}
		return fails(batch[n].seq), nil
	}

	f.put("a", 1500)
	f.put("b", 300)
	grow := []func(){
		func() { f.split("a", "c", "d"); f.put("c", 200); f.put("d", 200) },
		func() { f.put("b", 100); f.put("c", 100) },
		func() { f.open("e", "d"); f.put("e", 250) },
		func() { f.put("e", 10); f.put("c", 10) },
	}
	opts := Options{BatchSize: 40, Once: true}
	runs := 0
	for done := false; !done; runs++ {
		if len(grow) > 0 {
			grow[0]()
			grow = grow[1:]
		}
		file, err := OpenFile(path)
		must(t, err)
		opts.Checkpoints = file
		var ctx context.Context
		ctx, crash = context.WithCancel(t.Context())
		crashed.Store(false)
		p := s.poller(t, f, r.handle, opts)
		must(t, p.Run(ctx))
		crash()
		must(t, file.Close())
		done = !crashed.Load() && len(grow) == 0
	}

	r.wantAll(f, "a", "b", "c", "d", "e")
	r.wantBefore("a", "c")
	r.wantBefore("a", "d")
	r.wantBefore("d", "e")
	for _, shard := range []string{"a", "b", "c", "d", "e"} {
		if all := f.data(shard); acked[shard] != all[len(all)-1] {
			t.Errorf("of shard %s, %q was acknowledged last, want its last record", shard, acked[shard])
		}
	}
	if runs < 4 {
		t.Errorf("%d runs, want one for each time the stream grew", runs)
	}
}

func FuzzCheckpointFile(f *testing.F) {
	for _, s := range []string{
		"", "{}", "null", `{"arn:x":null}`, `{"arn:x":{"a":{}}}`,
		`{"arn:x":{"a":{"sequenceNumber":"1","ended":true},"b":{"since":"2026-11-22T20:15:00Z"}}}`,
		`{"arn:x":{"a":{"sequenceNumber":"-1"}}}`, `{} x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parseCheckpoints(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(all)
		if err != nil {
			t.Fatalf("%q was read as %v, which cannot be written: %v", data, all, err)
		}
		again, err := parseCheckpoints(written)
		if err != nil {
			t.Fatalf("%q was written and cannot be read: %v", written, err)
		}
		if diff := cmp.Diff(all, again); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
	})
}
