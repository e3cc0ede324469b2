package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"fanout/engine/plain"
	"fanout/internal/poll"
	"fanout/internal/provision/registry"
	"fanout/lambda"
	"fanout/lambda/target"
)

// hostile is text that clears a terminal, sets its title, rings, moves back in its
// line, and reverses the direction of writing.
const hostile = "a\x1b[2J\x1b]0;t\x07\r\u009b31m\u202eb\u2066\u2028\x7f"

// acts reports whether printed text controls a terminal.
func acts(text string) bool {
	return strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}

// No text from outside controls a terminal, wherever it is printed. A name cannot start
// a new line.
func TestNothingActsOnTheTerminal(t *testing.T) {
	forged := hostile + "\nfanout: all is well"
	for name, write := range map[string]func(w *bytes.Buffer){
		"table": func(w *bytes.Buffer) {
			tab := newTable(0)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{forged, colored(w, text.FgRed, hostile)})
			fmt.Fprintln(w, tab.Render())
		},
		"narrow table": func(w *bytes.Buffer) {
			tab := newTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{forged, strings.Repeat(hostile, 10)})
			fmt.Fprintln(w, tab.Render())
		},
		"open table": func(w *bytes.Buffer) {
			tab := newTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{"a\nfanout: all is well", "another column"})
			fmt.Fprintln(w, tab.Render())
		},
		"warning": func(w *bytes.Buffer) {
			log := (&common{}).logger(w)
			log.With(zap.String(forged, forged)).Warn(forged, zap.Strings("list", []string{forged}), zap.Error(errors.New(forged)))
		},
		"report": func(w *bytes.Buffer) {
			l := &live{w: w}
			printTable(l, 1, []row{{ID: forged, Type: hostile, Failed: 1, Reasons: []reason{{Error: forged, Count: 1, Shard: forged, Sequence: forged}}}})
			reason{Error: forged, Count: 1}.print(l, forged)
		},
		"screen":          func(w *bytes.Buffer) { fmt.Fprint(screen{w}, hostile) },
		"colors, in none": func(w *bytes.Buffer) { fmt.Fprint(screen{w}, "\x1b[31mred\x1b[0m") },
		"error": func(w *bytes.Buffer) {
			execute([]string{"run", "--targets", "no", "--event", hostile}, nil, w, w)
			execute([]string{hostile}, nil, w, w)
			execute([]string{"run", "--" + hostile}, nil, w, w)
		},
		"plan and faults": func(w *bytes.Buffer) {
			file := filepath.Join(t.TempDir(), "targets.json")
			targets, err := json.Marshal(map[string]any{"targets": []map[string]any{
				{"sourceArn": orders, "id": forged, "type": "file", "destination": hostile, "active": true, forged: 1},
				{"sourceArn": orders, "id": forged + "2", "type": forged, "destination": forged, "role": "arn:aws:iam::123456789012:role/" + hostile, "active": true},
			}})
			if err == nil {
				err = os.WriteFile(file, []byte(plain.Text(string(targets))), 0o600) // YAML takes no control characters
			}
			if err == nil {
				err = os.WriteFile(file+".event", kinesisEvent(1, 1), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			execute([]string{"run", "--targets", file, "--event", file + ".event", "--explain"}, nil, w, w)
			if !strings.Contains(w.String(), "✗ ") {
				t.Errorf("no fault is in %s", w)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range clientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
				t.Setenv(name, value)
			}
			var w bytes.Buffer
			write(&w)
			if w.Len() == 0 || acts(w.String()) || strings.Contains(w.String(), "\nfanout: all") {
				t.Errorf("%q", w.String())
			}
		})
	}
}

// A terminal gets only paint's colors, and none from outside: one of them hides the
// text after it.
func TestColoursAreOurs(t *testing.T) {
	red := paint(text.FgRed, "orders")
	tab := newTable(20)
	tab.AppendHeader(table.Row{"a", "b"})
	tab.AppendRow(table.Row{painted(paint(text.FgRed, strings.Repeat("long ", 10))), "b\x1b[8m"})
	for in, want := range map[string]string{
		red:                                "\x1b[31morders\x1b[0m",
		"a\x1b[8mhidden\x1b[0m\x1b[31m":    `a\u001b[8mhidden` + "\x1b[0m" + `\u001b[31m`,
		"\x1b[m\x1b[;m\x1b[1;" + "2m\x1b[": `\u001b[m\u001b[;m\u001b[1;2m\u001b[`,
	} {
		if got := harmless(in, true); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := harmless(red, false); acts(got) {
		t.Errorf("%q", got)
	}
	broken := harmless(tab.Render(), true)
	if strings.Contains(broken, ours) || strings.Count(broken, "\x1b[31m") < 2 || strings.Contains(broken, "\x1b[8m") {
		t.Errorf("the table is %q", broken)
	}
}

// Text from a server cannot start a new line, on any path to the user.
func TestErrorsOfServersAreOneLine(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "ValidationException", "message": hostile + "\nall is well"})
	}))
	defer s.Close()
	for name, value := range clientEnv(s.URL, s.URL) {
		t.Setenv(name, value)
	}
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, kinesisEvent(1, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"run", "--table", "t", "--event", event}, {"hook", "--source-arn", orders}, {"doctor"}} {
		var w bytes.Buffer
		execute(args, nil, &w, &w)
		if w.Len() == 0 || acts(w.String()) || strings.Contains(w.String(), "\nfanout: all is well") {
			t.Errorf("%q: %s", args, w.String())
		}
	}
}

// An attribute with any name is reported on one line.
func TestAttributesAreOneLine(t *testing.T) {
	l := lambda.Builtin().Read(target.Values{"b\nfanout: all is well": {Kind: target.String, Text: "1"}}, "a")
	var w bytes.Buffer
	if err := warn(screen{&w}, &registry.Entry{Loaded: l}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.String(), "unknown attribute") || strings.Contains(w.String(), "\nfanout: all is well") {
		t.Errorf("%s", w.String())
	}
}

func TestLiveLineIsHarmless(t *testing.T) {
	l, b := terminal(200)
	l.show(status(poll.ShardProgress{}, []row{{ID: hostile + "\nforged"}}))
	fmt.Fprint(l, hostile)
	if rest := strings.ReplaceAll(b.String(), clearLine, ""); acts(rest) || strings.Contains(rest, "\n") {
		t.Errorf("%q", b.String())
	}
}

// Machine-readable output keeps its meaning on a screen.
func TestScreenKeepsMeaning(t *testing.T) {
	in := map[string]string{"k" + hostile: hostile + "\n\U0001F680"}
	var j, y bytes.Buffer
	if err := errors.Join(showJSON(screen{&j}, in), showYAML(screen{&y}, in)); err != nil {
		t.Fatal(err)
	}
	var fromJSON, fromYAML map[string]string
	if err := errors.Join(json.Unmarshal(j.Bytes(), &fromJSON), yaml.Unmarshal(y.Bytes(), &fromYAML)); err != nil {
		t.Fatal(err)
	}
	for k, v := range in {
		if fromJSON[k] != v || fromYAML[k] != v {
			t.Errorf("%q became %q in JSON and %q in YAML", v, fromJSON[k], fromYAML[k])
		}
	}
	if acts(j.String()) || acts(y.String()) {
		t.Errorf("%q or %q acts on a terminal", j.String(), y.String())
	}
}
