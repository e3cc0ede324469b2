package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
)

// The help of every command at two widths is golden, and the folder has no other files.
func TestHelpGolden(t *testing.T) {
	known := make(map[string]bool)
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		for _, width := range []int{80, 120} {
			path := filepath.Join("testdata", "help", fmt.Sprintf("%s.%d.txt", pageName(cmd), width))
			known[path] = true
			clitest.CheckGolden(t, path, helpText(cmd, width))
		}
	}
	files, err := filepath.Glob("testdata/help/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s is of no command; remove it", file)
		}
	}
}

// No line is too long, except examples and other text to copy.
func TestHelpFits(t *testing.T) {
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		for width := ui.LeastTextColumns; width <= ui.MostTextColumns; width++ {
			for line := range strings.SplitSeq(helpText(cmd, width), "\n") {
				verbatim := strings.Contains(cmd.Example, line) || strings.HasPrefix(line, "  ") && strings.Contains(cmd.Long, line)
				if n := utf8.RuneCountInString(line); n > width && !verbatim && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s at %d columns: a line of %d:\n%s", cmd.CommandPath(), width, n, line)
				}
			}
		}
	}
}

// Reflowing loses no word.
func TestReflowKeepsWords(t *testing.T) {
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		for _, width := range []int{1, 40, 80, 120} {
			if diff := cmp.Diff(strings.Fields(cmd.Long), strings.Fields(ui.Reflow(cmd.Long, width))); diff != "" {
				t.Errorf("%s at %d columns:\n%s", cmd.CommandPath(), width, diff)
			}
		}
	}
}

// Every command describes the same facts in the same form.
func TestCommandsAreDescribed(t *testing.T) {
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		path := cmd.CommandPath()
		if n := utf8.RuneCountInString(cmd.Short); n == 0 || n > 60 || strings.HasSuffix(cmd.Short, ".") || !startsUpper(cmd.Short) {
			t.Errorf("%s: Short must be 1 to 60 characters, begin with a capital and end without a full stop, not %q", path, cmd.Short)
		}
		if name, _, _ := strings.Cut(cmd.Long, " "); cmd.HasParent() && !strings.EqualFold(name, cmd.Name()) {
			t.Errorf("%s: Long must begin with the command's name, not %q", path, name)
		}
		if !strings.HasSuffix(cmd.Long, ".") && !strings.Contains(cmd.Long, "\n  ") {
			t.Errorf("%s: Long must end with a full stop", path)
		}
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: a line of the example must be indented by two spaces: %q", path, line)
			}
		}
		if !strings.Contains(cmd.Example, path) {
			t.Errorf("%s: Example must have the command in it: %q", path, cmd.Example)
		}
		if cmd.HasParent() && !cmd.Hidden && !cmd.Parent().ContainsGroup(cmd.GroupID) {
			t.Errorf("%s: is in no group", path)
		}
	}
}

// The example of a command uses only flags of that command.
func TestExamplesHaveKnownFlags(t *testing.T) {
	for _, root := range commands(newRoot(lambda.Builtin())) {
		for line := range strings.SplitSeq(strings.ReplaceAll(root.Example, "\\\n", " "), "\n") {
			_, line, found := strings.Cut(line, "fanout ")
			if !found {
				continue
			}
			line, _, _ = strings.Cut(line, "> ")
			cmd, args, err := newRoot(lambda.Builtin()).Find(strings.Fields(line))
			if err != nil {
				t.Errorf("%s: example %q: %v", root.CommandPath(), line, err)
				continue
			}
			for _, arg := range args {
				name, isFlag := strings.CutPrefix(strings.Trim(arg, ")"), "--")
				name, _, _ = strings.Cut(name, "=")
				if isFlag && cmd.Flag(name) == nil {
					t.Errorf("%s: the example has --%s, which %s does not have", root.CommandPath(), name, cmd.CommandPath())
				}
			}
		}
	}
}

// The descriptions of flags have one form: a phrase that names the value, but does
// not begin with it, and the default, if any, once.
func TestFlagsAreDescribed(t *testing.T) {
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name := cmd.CommandPath() + " --" + f.Name
			value, usage := pflag.UnquoteUsage(f)
			switch {
			case f.Value.Type() == "bool" && value != "":
				t.Errorf("%s: takes no value, and its description has one: %q", name, usage)
			case f.Value.Type() != "bool" && !strings.Contains(f.Usage, "`"+value+"`"):
				t.Errorf("%s: the description names no value in backquotes: %q", name, usage)
			case value != strings.ToUpper(value):
				t.Errorf("%s: the value is %q; write it in capitals", name, value)
			case value != "" && strings.HasPrefix(usage, value):
				t.Errorf("%s: the description begins with the value, which stands before it: %q", name, usage)
			case strings.Contains(usage, "\n"):
				t.Errorf("%s: the description has a line break, and is broken to the width: %q", name, usage)
			case strings.HasSuffix(usage, ".") || usage == "" || startsUpper(usage):
				t.Errorf("%s: the description must be a phrase without capital and full stop: %q", name, usage)
			case strings.Contains(usage, "(default ") || strings.Contains(usage, "the default"):
				t.Errorf("%s: the default is written (default: …): %q", name, usage)
			}
		})
	}
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		for _, o := range options(cmd.LocalFlags()) {
			if strings.Count(o.usage, "(default: ") > 1 {
				t.Errorf("%s: more than one default: %q", o.name, o.usage)
			}
		}
	}
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// A default is shown in the form that users type, if it is informative.
func TestShownDefaults(t *testing.T) {
	cmd := &cobra.Command{}
	s := cmd.Flags()
	s.SortFlags = false
	s.String("text", "fanout", "the `NAME`")
	s.String("told", "x", "the `NAME` (default: that of x)")
	s.Int("zero", 0, "`N` of these")
	s.Duration("minutes", 300e9, "a `TIME`")
	s.Duration("seconds", 30e9, "a `TIME`")
	s.Duration("hours", 3600e9, "a `TIME`")
	s.IntSlice("list", []int{1, 2}, "a `LIST`")
	s.Bool("on", true, "do it")
	s.Bool("off", false, "do it")
	s.String("hidden", "", "")
	_ = s.MarkHidden("hidden")
	var got []string
	for _, o := range options(s) {
		got = append(got, strings.TrimSpace(o.name)+": "+o.usage)
	}
	want := []string{
		"--text NAME: the NAME (default: fanout)",
		"--told NAME: the NAME (default: that of x)",
		"--zero N: N of these",
		"--minutes TIME: a TIME (default: 5m)",
		"--seconds TIME: a TIME (default: 30s)",
		"--hours TIME: a TIME (default: 1h)",
		"--list LIST: a LIST (default: 1,2)",
		"--on: do it (default: true)",
		"--off: do it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
