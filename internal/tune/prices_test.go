package tune

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/sinks/builtin/setup"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-9) }

// Charges on the services' pricing pages, computed by hand.
func TestCharges(t *testing.T) {
	p, err := LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, service string
		request       Request
		want          float64
	}{
		{"kinesis: 5 KB, 45 KB and 1 MB are 1, 2 and 41 units of 25 KiB", "kinesis", Request{Bytes: 1_050_000, Sizes: []int{5_000, 45_000, 1_048_576}}, 44 * 0.014 / 1e6},
		{"firehose: each record to 5 KiB", "firehose", Request{Bytes: 4_000, Sizes: []int{1_000, 3_000}}, 10_240.0 / (1 << 30) * 0.029},
		{"sqs: one request", "sqs", Request{Bytes: 2_000, Sizes: []int{200, 200}}, 0.4 / 1e6},
		{"sqs: 65 KiB are two", "sqs", Request{Bytes: 65 << 10, Sizes: []int{65 << 10}}, 0.8 / 1e6},
		{"sqs.fifo", "sqs.fifo", Request{Bytes: 100, Sizes: []int{100}}, 0.5 / 1e6},
		{"sns", "sns", Request{Bytes: 100, Sizes: []int{100}}, 0.5 / 1e6},
		{"sns.fifo: by request and volume", "sns.fifo", Request{Bytes: 1 << 10, Sizes: []int{1 << 10}}, 0.3/1e6 + 0.017/(1<<20)},
		{"lambda: whatever its size", "lambda", Request{Bytes: 1 << 20, Sizes: []int{1 << 20}}, 0.2 / 1e6},
		{"iot: 12 KiB are three messages", "iot", Request{Bytes: 12 << 10, Sizes: []int{12 << 10}}, 3.0 / 1e6},
		{"redis is paid by the hour", "redis", Request{Bytes: 100, Sizes: []int{100}}, 0},
	} {
		got, known := p.Of(tt.service, &tt.request)
		if !near(got, tt.want) || !known {
			t.Errorf("%s: %g, known %v; want %g", tt.name, got, known, tt.want)
		}
	}
	if _, known := p.Of("carrier-pigeon", &Request{}); known {
		t.Error("a price of what has none")
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesAreRefused(t *testing.T) {
	prices := func(path string) error { _, err := LoadPrices(path); return err }
	latencies := func(path string) error { _, err := LoadLatencies(path); return err }
	swap := func(file []byte, old, with string) string {
		if !strings.Contains(string(file), old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(string(file), old, with, 1)
	}
	for _, tt := range []struct {
		name, text, want string
		load             func(string) error
	}{
		{"misspelt", swap(DefaultPrices(), "gb_second:", "gb_secnd:"), "gb_secnd", prices},
		{"of nothing known", swap(DefaultPrices(), "of: record", "of: dozen"), `"dozen"`, prices},
		{"negative", swap(DefaultPrices(), "price: 0.014", "price: -1"), "negative", prices},
		{"no date", swap(DefaultPrices(), "date: 2026-09", "date: ''"), "region or date", prices},
		{"not YAML", "{", "x.yaml", prices},
		{"no duration", swap(DefaultLatencies(), "p50: 12ms", "p50: 12"), "12 is not a duration", latencies},
		{"p99 below p50", swap(DefaultLatencies(), "p50: 12ms", "p50: 12s"), "p99", latencies},
		{"no vCPU", swap(DefaultLatencies(), "vcpu_mb: 1769", "vcpu_mb: 0"), "vcpu_mb", latencies},
		{"source missing", swap(DefaultLatencies(), "  dynamodb:", "  dynamo:"), "dynamodb is missing", latencies},
	} {
		if err := tt.load(write(t, tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", tt.name, err, tt.want)
		}
	}
	if err := prices(filepath.Join(t.TempDir(), "none")); err == nil || strings.Count(err.Error(), "none") != 1 {
		t.Errorf("a missing file: %v", err)
	}
	if err := prices(write(t, string(DefaultPrices()))); err != nil {
		t.Error("the built-in prices, from a file:", err)
	}
	if err := latencies(write(t, string(DefaultLatencies()))); err != nil {
		t.Error("the built-in latencies, from a file:", err)
	}
}

// The built-in types have prices and latencies.
func TestTypesHavePricesAndLatencies(t *testing.T) {
	prices, err := LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	latencies, err := LoadLatencies("")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range setup.Types() {
		typ := a.For
		if _, ok := prices.Targets[typ.Name]; !ok {
			t.Errorf("%s has no prices", typ)
		}
		if _, ok := latencies.Targets[typ.Name]; !ok {
			t.Errorf("%s has no latencies", typ)
		}
	}
}
