package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/lambda"
	"fanout/lambda/target"
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
			c, ok := f.Value.(chooser)
			if !ok {
				return
			}
			for _, word := range c.choices() {
				slip := swapped(word)
				want := fmt.Sprintf("fanout: --%s is %q; it must be %s; did you mean %s?\n", f.Name, slip, either(c.choices()), word)
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
		{"hook", "--source-arn", orders, "--starting-position", "TRIM_HORIZN"},
		{"run", "--targets", "t", "--source-arn", orders, "--starting-position", "trim_horizon"},
		{"tune", "--targets", "t", "--source-arn", orders, "--starting-position", "TRIM-HORIZON"},
	} {
		if got := complaint(t, args...); !strings.HasSuffix(got, "; did you mean TRIM_HORIZON?\n") {
			t.Errorf("%v: %q", args, got)
		}
	}
}

// Flags with a few words accept each of them, and nothing else.
func TestChoices(t *testing.T) {
	var one string
	var some []string
	cmd := &cobra.Command{}
	oneOf(cmd, &one, "one", "b", "take this `WORD`", []string{"a", "b"})
	someOf(cmd, &some, "some", "take this `LIST`", []string{"a", "b"})
	if one != "b" || cmd.Flags().Lookup("one").DefValue != "b" || cmd.Flags().Lookup("some").DefValue != "" {
		t.Errorf("defaults %q, %q", one, cmd.Flags().Lookup("some").DefValue)
	}
	if err := cmd.ParseFlags([]string{"--one", "a", "--some", "a,b", "--some", "a"}); err != nil {
		t.Fatal(err)
	}
	if one != "a" || strings.Join(some, " ") != "a b a" || cmd.Flags().Lookup("some").Value.String() != "a,b,a" {
		t.Errorf("%q, %q", one, some)
	}
	for _, args := range [][]string{{"--one", ""}, {"--one", "c"}, {"--one", "A"}, {"--some", ""}, {"--some", "a,"}, {"--some", "c"}} {
		if err := cmd.ParseFlags(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

// The words of an attribute are the ones that the function accepts.
func TestAttributeWords(t *testing.T) {
	for name, words := range attributeWords {
		for _, word := range append(words, "nonsense") {
			v := target.Values{"sourceArn": str(orders), "id": str("a"), "type": str("sqs"), "active": {Kind: target.Bool, Text: "true"},
				"destination": str("arn:aws:sqs:eu-west-1:123456789012:queue"), name: str(word)}
			if l := lambda.Builtin().Read(v, ""); (l.Err() == nil) != (word != "nonsense") {
				t.Errorf("%s %s: %v", name, word, l.Err())
			}
		}
	}
}
