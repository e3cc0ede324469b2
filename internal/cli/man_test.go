package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
)

// Requests in the pages, with their form (man(7)).
var requests = regexp.MustCompile(`^\.(TH \S+ 1 "[^"]*" "[^"]*" "[^"]*"|nh|ad l|SH [A-Z ]+|SS [A-Z][a-z ]+|PP|TP|nf|fi)$`)

// Every visible command has a page. It contains every flag and every word of the help,
// and no text that roff would take for a command.
func TestManPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	var errs bytes.Buffer
	if status := execute([]string{"man", dir}, nil, &errs, &errs); status != exitOK {
		t.Fatalf("exit status %d:\n%s", status, &errs)
	}
	pages := 0
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		data, err := os.ReadFile(filepath.Join(dir, pageName(cmd)+".1"))
		if cmd.Hidden {
			if err == nil {
				t.Errorf("%s is hidden, and has a page", cmd.CommandPath())
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		pages++
		verbatim := false
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, ".") && !requests.MatchString(line), strings.HasPrefix(line, "'"):
				t.Errorf("%s: roff has no such request: %s", pageName(cmd), line)
			case line == "" || strings.TrimRight(line, " ") != line:
				t.Errorf("%s: an empty line, or space at the end: %q", pageName(cmd), line)
			case line == ".nf", line == ".fi":
				if verbatim == (line == ".nf") {
					t.Errorf("%s: %s, and it was so before", pageName(cmd), line)
				}
				verbatim = line == ".nf"
			case !verbatim && strings.HasPrefix(line, " "):
				t.Errorf("%s: text that begins with a space: %q", pageName(cmd), line)
			}
		}
		plain := strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\(ga`, "`", `\(ha`, "^", `\(ti`, "~", `\e`, `\`, `\&`, "", `\fB`, "", `\fP`, "").Replace(string(data))
		text := strings.Join(strings.Fields(plain), " ")
		for _, want := range []string{cmd.Short, cmd.Example, cmd.UseLine()} {
			if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: does not have %q", pageName(cmd), want)
			}
		}
		for _, word := range strings.Fields(cmd.Long) {
			if !strings.Contains(text, word) {
				t.Errorf("%s: does not have %q", pageName(cmd), word)
			}
		}
		for _, o := range append(options(ownFlags(cmd)), options(cmd.Root().PersistentFlags())...) {
			if want := strings.TrimSpace(o.name) + " " + strings.ToUpper(o.usage[:1]) + o.usage[1:] + "."; !strings.Contains(text, want) {
				t.Errorf("%s: does not have %q", pageName(cmd), want)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != pages {
		t.Errorf("%d files for %d pages (%v)", len(files), pages, err)
	}
}

// The same source has the same pages, whenever and wherever they are written.
func TestManPagesAreReproducible(t *testing.T) {
	cmd, _, err := newRoot(lambda.Builtin()).Find([]string{"run"})
	if err != nil {
		t.Fatal(err)
	}
	b := buildInfo{Version: "v1.2.3", Time: "2026-11-22T20:15:00Z"}
	page := manPage(cmd, b)
	again, _, _ := newRoot(lambda.Builtin()).Find([]string{"run"})
	if diff := cmp.Diff(page, manPage(again, b)); diff != "" {
		t.Error(diff)
	}
	if head, _, _ := strings.Cut(page, "\n"); head != `.TH FANOUT-RUN 1 "2026-11-22" "fanout v1.2.3" "Manual of fanout"` {
		t.Errorf("it begins with %s", head)
	}
}

func TestManCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(file), "fanout.1"), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:               "fanout: the folder of manual pages cannot be created: ",
		filepath.Dir(file): "fanout: the manual page cannot be written: ",
	} {
		var out, errs bytes.Buffer
		if status := execute([]string{"man", dir}, nil, &out, &errs); status != exitFailed || !strings.HasPrefix(errs.String(), want) {
			t.Errorf("exit status %d, %q, want %d, %q…", status, &errs, exitFailed, want)
		}
	}
	if got := complaint(t, "man"); got != "fanout: man needs one argument, the folder to write to\n" {
		t.Errorf("without a folder: %q", got)
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"plain":       "plain",
		`a \ b`:       `a \e b`,
		".TH x":       `\&.TH x`,
		"'quoted'":    `\(aqquoted\(aq`,
		"--flag-name": `\-\-flag\-name`,
		"`~^":         `\(ga\(ti\(ha`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
