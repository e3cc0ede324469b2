// Package pagetest runs the commands of a page of the documentation and compares what they
// print with what the page shows.
package pagetest

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Block is a block of commands of a page, with the output that the page shows.
type Block struct {
	Line   int    // of its first line in the page
	Script string // for sh
	Want   string // the text block behind it; "": the page shows none
	Mark   string // the comment in front of it: <!-- MARK -->
}

var mark = regexp.MustCompile(`^<!-- (.*) -->$`)

// Blocks returns the sh blocks between the headings from and to of a page, which are whole
// lines. to "" is the end of the page.
func Blocks(t testing.TB, path, from, to string) []Block {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []Block
	kind, comment, inside, end := "", "", false, to == ""
	for n, line := range strings.Split(string(page), "\n") {
		switch {
		case kind == "" && line == from:
			inside = true
		case kind == "" && to != "" && line == to:
			inside, end = false, true
		case !inside:
		case kind == "" && strings.HasPrefix(line, "```"):
			kind = strings.TrimPrefix(line, "```")
			if kind == "sh" {
				blocks = append(blocks, Block{Line: n + 2, Mark: comment})
				comment = ""
			}
		case line == "```":
			kind = ""
		case kind == "sh":
			blocks[len(blocks)-1].Script += line + "\n"
		case kind == "text" && len(blocks) > 0:
			blocks[len(blocks)-1].Want += line + "\n"
		case kind == "":
			if m := mark.FindStringSubmatch(line); m != nil {
				comment = m[1]
			}
		}
	}
	if len(blocks) == 0 || !end {
		t.Fatalf("%s has no blocks between %q and %q", path, from, to)
	}
	return blocks
}

// Run runs a block in a folder, and fails the test if a command fails or prints something
// else than the page shows.
func (b Block) Run(t testing.TB, dir string, env []string) {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", b.Script) //nolint:gosec // of a page in this repository
	cmd.Dir, cmd.Env = dir, env
	got, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("line %d: %v\n%s%s", b.Line, err, b.Script, got)
	}
	if b.Want != "" && !Matches(string(got), b.Want) {
		t.Errorf("line %d: the page shows\n%s\nand the commands print\n%s", b.Line, b.Want, got)
	}
}

// varying are parts of an output that differ from run to run.
var varying = regexp.MustCompile(`\d+\.\d{3}s|\d{4}-\d\d-\d\dT[0-9:.]+Z?`)

// Matches reports whether an output is what a page shows. A line … of the page stands for
// any number of lines, and times may differ.
func Matches(got, want string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(varying.ReplaceAllString(want, "TIME")) {
		if line == "…\n" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		fmt.Fprint(&pattern, strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	re := regexp.MustCompile("^" + pattern.String() + "$")
	return re.MatchString(varying.ReplaceAllString(got, "TIME"))
}
