package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/provision/registry"
	"fanout/internal/tune"
	"fanout/lambda"
	"fanout/lambda/target"
)

// tables are the tables of commands, with the longest names and numbers.
var tables = map[string]func(t *testing.T, w *bytes.Buffer){
	"doctor": func(t *testing.T, w *bytes.Buffer) {
		if err := showDiagnosis(w, "table", reportOf(someFindings)); err != nil {
			t.Fatal(err)
		}
	},
	"list":    func(t *testing.T, w *bytes.Buffer) { listTable(t, w, false) },
	"listall": func(t *testing.T, w *bytes.Buffer) { listTable(t, w, true) },
	"run": func(_ *testing.T, w *bytes.Buffer) {
		printTable(w, 24_000, []row{
			{ID: "queue", Type: "sqs", Delivered: 24_000, Requests: 2_400, Bytes: 12_000_000, took: 1234 * time.Millisecond},
			{ID: "search-of-the-orders-of-all-customers", Type: "opensearch", Delivered: 23_990, Failed: 10, Requests: 48, Bytes: 123_456_789, took: 83 * time.Second},
		})
	},
	"runretries": func(_ *testing.T, w *bytes.Buffer) {
		printTable(w, 24_000, []row{{
			ID: "queue", Type: "sqs", Delivered: 23_000, Dropped: 10, Diverted: 980, Failed: 10, Requests: 2_400, Retries: 12, Bytes: 12_000_000,
			took: 1234 * time.Millisecond, Reasons: []reason{{Error: "the queue is full", Count: 10, Shard: "shardId-000000000000", Sequence: "49590338271490256608559692538361571095921575989136588898"}},
		}})
	},
	"runagain": func(_ *testing.T, w *bytes.Buffer) {
		printTable(w, 189, []row{
			{ID: "queue", Type: "sqs", Delivered: 40, Already: 149, Requests: 4, Bytes: 351, took: 83 * time.Second},
			{ID: "down", Type: "sqs", Delivered: 40, Failed: 149, Requests: 48, Retries: 12, Bytes: 351, took: 83 * time.Second},
		})
	},
	"tune": func(t *testing.T, w *bytes.Buffer) {
		if err := showTuning(w, "table", sampleReport()); err != nil {
			t.Fatal(err)
		}
	},
}

func listTable(t *testing.T, w *bytes.Buffer, sources bool) {
	var targets []registry.Entry
	for _, v := range []target.Values{
		{"id": str("queue"), "type": str("sqs"), "destination": str("arn:aws:sqs:eu-west-1:123456789012:orders-of-all-customers")},
		{"id": str("search-of-the-orders"), "type": str("es"), "destination": str("search-orders-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com#orders"),
			"role": str("arn:aws:iam::210987654321:role/fanout-to-search"), "region": str("eu-west-1")},
	} {
		v["sourceArn"], v["active"] = str(orders), target.Value{Kind: target.Bool, Text: "true"}
		targets = append(targets, registry.Entry{Loaded: lambda.Builtin().Read(v, "")})
	}
	s := sourceTargets{targets: targets}
	if !sources {
		s.source = orders
	}
	if err := showTargets(w, w, "table", s); err != nil {
		t.Fatal(err)
	}
}

// Five targets of two sources, with roles and regions, fit 140 columns as a box.
func TestListOfFiveFits(t *testing.T) {
	t.Setenv("COLUMNS", "140")
	var targets []registry.Entry
	for i, destination := range []string{
		"arn:aws:sqs:eu-west-1:123456789012:orders-of-all-customers",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/billing-orders.fifo",
		"arn:aws:sqs:eu-west-1:123456789012:failures",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/search-of-the-orders",
		"arn:aws:sqs:us-east-1:210987654321:orders-in-another-account",
	} {
		v := target.Values{"sourceArn": str(orders), "id": str(fmt.Sprintf("target-of-the-orders-%d", i)), "type": str("sqs"), "destination": str(destination),
			"active": target.Value{Kind: target.Bool, Text: "true"}, "role": str("arn:aws:iam::210987654321:role/fanout-to-orders"), "region": str("eu-west-1")}
		if i > 2 {
			v["sourceArn"] = str("arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-01-31T12:34:56.789")
		}
		targets = append(targets, registry.Entry{Loaded: lambda.Builtin().Read(v, "")})
	}
	var b bytes.Buffer
	if err := showTargets(&b, io.Discard, "table", sourceTargets{targets: targets}); err != nil {
		t.Fatal(err)
	}
	box, _, _ := strings.Cut(b.String(), "\n")
	if n := text.StringWidth(box); !strings.HasPrefix(box, "┌") || n > 140 {
		t.Errorf("a first line of %d columns:\n%s", n, &b)
	}
}

// Every table at two widths is in whole boxes or, if it does not fit, in blocks of
// lines.
func TestTablesGolden(t *testing.T) {
	for name, write := range tables {
		for _, width := range []int{80, 120} {
			t.Setenv("COLUMNS", fmt.Sprint(width))
			var b bytes.Buffer
			write(t, &b)
			checkGolden(t, filepath.Join("testdata", "tables", fmt.Sprintf("%s.%d.txt", name, width)), b.String())
		}
	}
}

// A box is never broken, and never wider than the output.
func TestTablesFit(t *testing.T) {
	for name, write := range tables {
		for width := leastTextColumns; width < 200; width++ {
			t.Setenv("COLUMNS", fmt.Sprint(width))
			var b bytes.Buffer
			write(t, &b)
			lengths := make(map[int]bool)
			for line := range strings.SplitSeq(b.String(), "\n") {
				if strings.ContainsAny(line, "│┌├└") {
					lengths[text.StringWidth(line)] = true
				}
				if n := text.StringWidth(line); n > width && strings.ContainsAny(line, "│┌├└") {
					t.Errorf("%s at %d columns: a line of %d:\n%s", name, width, n, line)
				}
			}
			if len(lengths) > 1 {
				t.Errorf("%s at %d columns: lines of different lengths:\n%s", name, width, &b)
			}
		}
	}
}

// However narrow a table is, it has every character of a wide one.
func TestTablesLoseNothing(t *testing.T) {
	cells := []string{"arn:aws:sqs:eu-west-1:123456789012:orders", "a sentence of several words", "größer", "x"}
	rows := func(t table.Writer) {
		t.AppendHeader(table.Row{"name", "what it is", "number"})
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, Align: text.AlignRight}})
		for i, c := range cells {
			t.AppendRow(table.Row{c, cells[len(cells)-1-i], 1_000_000 + i})
		}
	}
	for width := 1; width < 100; width++ {
		tbl := newTable(width)
		rows(tbl)
		out := tbl.Render()
		for _, c := range cells {
			for _, r := range c {
				if r != ' ' && !strings.ContainsRune(out, r) {
					t.Fatalf("at %d columns %q is missing:\n%s", width, r, out)
				}
			}
		}
		for i := range cells {
			if !strings.Contains(out, fmt.Sprint(1_000_000+i)) {
				t.Errorf("at %d columns the number %d is missing or broken:\n%s", width, 1_000_000+i, out)
			}
		}
		if n := text.LongestLineLen(out); n > max(width, 12+leastText) {
			t.Errorf("at %d columns: %d wide:\n%s", width, n, out)
		}
	}
}

func TestBreakCell(t *testing.T) {
	for _, tt := range []struct {
		cell  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"a sentence of words", 10, "a sentence\nof words"},
		{"arn:aws:sqs:eu-west-1", 10, "arn:aws:\nsqs:eu-\nwest-1"},
		{"abcdefghijkl", 5, "abcde\nfghij\nkl"},
		{"größerer Name", 8, "größerer\nName"},
		{"two\nlines", 10, "two\nlines"},
		{"\x1b[31mabcdef\x1b[0m", 3, "\x1b[31mabc\x1b[0m\n\x1b[31mdef\x1b[0m"},
	} {
		if got := breakCell(tt.cell, tt.width); got != tt.want {
			t.Errorf("%q in %d columns: %q, want %q", tt.cell, tt.width, got, tt.want)
		}
	}
}

// sampleReport has every kind of row.
func sampleReport() *tune.Report {
	good := tune.Result{
		Setting:    tune.Setting{BatchSize: 1000, Factor: 1, InFlight: 8, Memory: 128, Collapse: "configured"},
		Throughput: 49_344, KeepsUp: true, MeetsGoal: true,
		Steady: &tune.Steady{LagP50: 623, LagP99: 1130, Requests: 28.1, MonthlyCost: tune.Cost{Total: 2253}},
	}
	small, late := good, good
	small.BatchSize, small.Throughput, small.Steady, small.KeepsUp, small.MeetsGoal = 10, 1408, nil, false, false
	late.Window, late.MeetsGoal = 2*time.Second, false
	return &tune.Report{
		Recommended: good, Others: []tune.Result{small, late},
		Why:   []string{"It is the cheapest of those that keep up, and this is a sentence that is so long that it does not fit into one line."},
		Basis: []string{"Prices: us-east-1."},
	}
}
