package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes keeps the argument of each Write.
type writes struct {
	all  [][]byte
	fail error
}

func (w *writes) Write(p []byte) (int, error) {
	if w.fail != nil {
		return 0, w.fail
	}
	w.all = append(w.all, bytes.Clone(p))
	return len(p), nil
}

func TestEMFWritesALineAtATime(t *testing.T) {
	var out writes
	e := NewEMF(&out, DefaultNamespace)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			e.Begin(t.Context())
			must(t, e.Publish(t.Context(), small(1)))
			must(t, e.Flush(t.Context()))
		})
	}
	wg.Wait()
	if len(out.all) != 8*4 {
		t.Errorf("%d writes, want %d", len(out.all), 8*4)
	}
	for _, line := range out.all {
		if bytes.IndexByte(line, '\n') != len(line)-1 || !json.Valid(line) {
			t.Errorf("a write is not one line of JSON: %q", line)
		}
	}
}

func TestEMFTellsFailedWritesOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := errors.New("broken pipe")
		e := NewEMF(&writes{fail: closed}, DefaultNamespace)
		var told []string
		for range 180 {
			if err := e.Publish(t.Context(), small(1)); err != nil {
				if !errors.Is(err, closed) {
					t.Errorf("told %v", err)
				}
				told = append(told, strings.TrimPrefix(err.Error(), "metrics were not written to the output: "))
			}
			time.Sleep(time.Second)
		}
		want := "[broken pipe broken pipe (the last of 60 such errors) broken pipe (the last of 60 such errors)]"
		if got := fmt.Sprint(told); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}
