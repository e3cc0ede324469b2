package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanout/lambda"
)

// The commands in the pages, in blocks and in sentences, exist and have the flags that the
// pages give them.
func TestPagesHaveKnownCommands(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?m)^(?:    |\$ )(?:bin/)?fanout (.*)$`)
	inline := regexp.MustCompile("`(?:bin/)?fanout ([^`]+)`")
	checked := 0
	for _, page := range append(pages, filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.ReplaceAll(string(text), "\\\n", " ")
		for _, form := range []*regexp.Regexp{block, inline} {
			for _, m := range form.FindAllStringSubmatch(lines, -1) {
				checked++
				checkCommand(t, filepath.Base(page), m[1])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d commands were found", checked)
	}
}

func checkCommand(t *testing.T, page, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " | ")
	cmd, args, err := newRoot(lambda.Builtin()).Find(strings.Fields(line))
	if err != nil {
		t.Errorf("%s: fanout %s: %v", page, line, err)
		return
	}
	for _, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "--")
		name, _, _ = strings.Cut(strings.TrimRight(name, ",.)]}"), "=")
		if name == "help" {
			continue
		}
		if isFlag && name != "" && cmd.Flag(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
			t.Errorf("%s: fanout %s: %s has no flag --%s", page, line, cmd.CommandPath(), name)
		}
	}
}
