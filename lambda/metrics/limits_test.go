package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAtMost1000MetricsACall(t *testing.T) {
	for _, c := range []struct {
		metrics int
		want    []int
	}{
		{0, nil},
		{1, []int{1}},
		{1000, []int{1000}},
		{1001, []int{1000, 1}},
		{2500, []int{1000, 1000, 500}},
	} {
		f := &fake{}
		cw := NewCloudWatch(f, DefaultNamespace)
		for i := range c.metrics {
			cw.held.entry(key{name: fmt.Sprint("m", i)}).add(1, 1)
		}
		must(t, cw.Flush(t.Context()))
		if diff := cmp.Diff(c.want, f.sizes()); diff != "" {
			t.Errorf("%d metrics: metrics a call (-want +got):\n%s", c.metrics, diff)
		}
	}
}

// TestAtMost1MBACall sends the longest dimensions there are with as many values as
// are kept, and compares the bound on sizes with the size of the SDK's request.
func TestAtMost1MBACall(t *testing.T) {
	s := newService(t, nil)
	client := s.client(t)
	c := NewCloudWatch(client, DefaultNamespace)
	inv := wide(60, func(i int) string { return strings.Repeat("/", maxDimensionValue-3) + fmt.Sprint(100+i) })
	for i := range maxValues + 1 { // one metric of each target has too many different values
		for j := range inv.Sources[0].Targets {
			target := &inv.Sources[0].Targets[j]
			target.Bytes = int64(i) << 40
			target.Delivered = min(i, maxValues-1) * 1_000_003
		}
		must(t, c.Publish(t.Context(), inv))
	}
	bound, entries := 0, c.held.entries
	for _, e := range entries {
		bound += e.size()
	}
	must(t, c.Flush(t.Context()))
	total, metrics := 0, 0
	for i, n := range s.bodies {
		if n > requestBytes || len(s.data[i]) > requestData {
			t.Errorf("call %d has %d bytes and %d metrics", i, n, len(s.data[i]))
		}
		if s.encodings[i] != "gzip" {
			t.Errorf("call %d is not compressed", i)
		}
		total, metrics = total+n, metrics+len(s.data[i])
	}
	if metrics != len(entries) || len(s.bodies) < 2 {
		t.Errorf("%d metrics in %d calls, want %d in several", metrics, len(s.bodies), len(entries))
	}
	if bound += len(s.bodies) * headBytes; total > bound {
		t.Errorf("%d bytes were sent, more than the bound of %d", total, bound)
	}
}

func TestSmallCallsAreNotCompressed(t *testing.T) {
	s := newService(t, nil)
	c := NewCloudWatch(s.client(t), DefaultNamespace)
	must(t, c.Publish(t.Context(), small(1)))
	must(t, c.Flush(t.Context()))
	if diff := cmp.Diff([]string{""}, s.encodings); diff != "" {
		t.Errorf("content encodings (-want +got):\n%s", diff)
	}
}

func TestDimensionValue(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for _, c := range []struct{ in, want string }{
		{orders, orders},
		{"a b", "a b"},
		{"100%", "100%"},
		{"", "-"},
		{" \t\n", "-"},
		{"\x00", "%00"},
		{"a\r\nb", "a%0D%0Ab"},
		{"zürich", "z%C3%BCrich"},
		{"\xff\x7f", "%FF%7F"},
		{long, long},
		{long + "y", long[:1007] + "~9c4d83fd18ed0554"},
		{long + "z", long[:1007] + "~9c4d86fd18ed0a6d"},
	} {
		if got := DimensionValue(c.in); got != c.want {
			t.Errorf("DimensionValue(%.20q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzDimensionValue(f *testing.F) {
	for _, s := range []string{"", " ", orders, "zürich", "\x00\xff", strings.Repeat("é", 600), strings.Repeat("x", 1025)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := DimensionValue(s)
		if strings.TrimSpace(v) == "" || len(v) > 1024 || !printable(v) {
			t.Errorf("DimensionValue(%q) = %q is not valid", s, v)
		}
		if again := DimensionValue(v); again != v {
			t.Errorf("DimensionValue(%q) = %q is changed again to %q", s, v, again)
		}
	})
}

// TestEMFLimits: hostile names stay in one line of JSON, within the format's bounds.
func TestEMFLimits(t *testing.T) {
	var out bytes.Buffer
	e := NewEMF(&out, strings.Repeat("n", 255))
	inv := wide(3, func(i int) string {
		return []string{"\"},\n{\"_aws\":{}}", "", strings.Repeat("<", 2000)}[i]
	})
	inv.Function, inv.Sources[0].ARN = strings.Repeat("<", 2000), strings.Repeat("<", 2000)
	inv.Sources[0].Oldest = inv.At
	must(t, e.Publish(t.Context(), inv))
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2+2*3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if len(line) > 20<<10 {
			t.Errorf("a line has %d bytes", len(line))
		}
		var doc struct {
			AWS metadata `json:"_aws"`
		}
		var members map[string]any
		must(t, json.Unmarshal([]byte(line), &doc))
		must(t, json.Unmarshal([]byte(line), &members))
		d := doc.AWS.CloudWatchMetrics[0]
		for _, name := range d.Dimensions[0] {
			if v, ok := members[name].(string); !ok || len(v) > 1024 {
				t.Errorf("dimension %s is %.40q", name, v)
			}
		}
		for _, m := range d.Metrics {
			if _, ok := members[m.Name].(float64); !ok {
				t.Errorf("metric %s is %v", m.Name, members[m.Name])
			}
		}
		if len(d.Metrics) > 100 || len(members) != 1+len(d.Metrics)+len(d.Dimensions[0]) {
			t.Errorf("%d metrics and %d dimensions in %d members", len(d.Metrics), len(d.Dimensions[0]), len(members))
		}
	}
}
