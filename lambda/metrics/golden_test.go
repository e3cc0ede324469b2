package metrics

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestEMFGolden(t *testing.T) {
	var out bytes.Buffer
	must(t, NewEMF(&out, DefaultNamespace).Publish(t.Context(), busy()))
	golden(t, "emf.jsonl", out.String())
}

// TestPutMetricDataGolden sends three invocations: two in one minute and one in the
// next.
func TestPutMetricDataGolden(t *testing.T) {
	s := newService(t, nil)
	c := NewCloudWatch(s.client(t), DefaultNamespace)
	first, second, third := busy(), busy(), busy()
	second.At = first.At.Add(20 * time.Second)
	second.Sources = second.Sources[:1]
	third.At = first.At.Add(time.Minute)
	third.Sources = third.Sources[1:2]
	for _, inv := range []Invocation{first, second, third} {
		must(t, c.Publish(t.Context(), inv))
	}
	must(t, c.Flush(t.Context()))
	var b strings.Builder
	for i := range s.data[0] {
		b.WriteString(line(&s.data[0][i]) + "\n")
	}
	golden(t, "putmetricdata.txt", b.String())
}
