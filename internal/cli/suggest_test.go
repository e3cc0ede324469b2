package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
)

// swapped is a word with a typo in its middle.
func swapped(word string) string {
	i := max(len(word)/2, 1)
	if len(word) < 2 || word[i] == word[i-1] {
		return word + word[len(word)-1:]
	}
	return word[:i-1] + word[i:i+1] + word[i-1:i] + word[i+1:]
}

// complaint runs a command line that must be refused, and returns its error.
func complaint(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := execute(args, strings.NewReader(""), &out, &errs); status != exitUsage || out.Len() > 0 {
		t.Errorf("%v: exit status %d, want %d, and nothing on standard output:\n%s", args, status, exitUsage, &out)
	}
	return errs.String()
}

// A typo in any command, flag or word of a flag leads to a proposal.
func TestDidYouMean(t *testing.T) {
	root := newRoot(lambda.Builtin())
	for _, cmd := range commands(root) {
		path := strings.Fields(cmd.CommandPath())[1:]
		if cmd.HasParent() && !cmd.Hidden {
			want := fmt.Sprintf("; did you mean %s?\n", cmd.Name())
			if got := complaint(t, swapped(cmd.Name())); !strings.HasSuffix(got, want) {
				t.Errorf("fanout %s: %q, want …%q", swapped(cmd.Name()), got, want)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			slip := swapped(f.Name)
			want := fmt.Sprintf("; did you mean --%s?\n", f.Name)
			if got := complaint(t, append(path, "--"+slip)...); !strings.HasSuffix(got, want) {
				t.Errorf("%s --%s: %q, want …%q", cmd.CommandPath(), slip, got, want)
			}
			c, ok := f.Value.(ui.Chooser)
			if !ok {
				text := []string{"string", "stringArray", "stringSlice", "text"}
				if typ := f.Value.Type(); !slices.Contains(text, typ) && values[typ] == "" {
					t.Errorf("%s --%s: the values of the type %s have no description", cmd.CommandPath(), f.Name, typ)
				}
				return
			}
			for _, word := range c.Choices() {
				slip := swapped(word)
				want := fmt.Sprintf("fanout: --%s is %q; it must be %s; did you mean %s?\n", f.Name, slip, ui.Either(c.Choices()), word)
				if got := complaint(t, append(path, "--"+f.Name, slip)...); got != want {
					t.Errorf("%s --%s %s: %q, want %q", cmd.CommandPath(), f.Name, slip, got, want)
				}
			}
		})
	}
	for _, typ := range lambda.Builtin().TypeNames() {
		want := fmt.Sprintf("; did you mean %s?", typ)
		if got := complaint(t, "register", swapped(typ)); !strings.Contains(got, want) && len(typ) > 2 {
			t.Errorf("fanout register %s: %q, want …%q…", swapped(typ), got, want)
		}
	}
	for _, args := range [][]string{
		{"hook", "--source-arn", clitest.Orders, "--starting-position", "TRIM_HORIZN"},
		{"run", "--targets", "t", "--source-arn", clitest.Orders, "--starting-position", "trim_horizon"},
		{"tune", "--targets", "t", "--source-arn", clitest.Orders, "--starting-position", "TRIM-HORIZON"},
	} {
		if got := complaint(t, args...); !strings.HasSuffix(got, "; did you mean TRIM_HORIZON?\n") {
			t.Errorf("%v: %q", args, got)
		}
	}
}
