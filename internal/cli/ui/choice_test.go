package ui

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Another name of a word is taken as the word.
func TestChoiceNamed(t *testing.T) {
	for typed, want := range map[string]string{"a": "a", "first": "a", "b": "b", "second": "", "": ""} {
		var one string
		cmd := &cobra.Command{}
		OneOfNamed(cmd, &one, "one", "", "take this `WORD`", []string{"a", "b"}, map[string]string{"first": "a"})
		if err := cmd.ParseFlags([]string{"--one", typed}); (err == nil) != (want != "") || one != want {
			t.Errorf("%q: %q, %v", typed, one, err)
		}
	}
}

// Flags with a few words accept each of them, and nothing else.
func TestChoices(t *testing.T) {
	var one string
	var some []string
	cmd := &cobra.Command{}
	OneOf(cmd, &one, "one", "b", "take this `WORD`", []string{"a", "b"})
	SomeOf(cmd, &some, "some", "take this `LIST`", []string{"a", "b"})
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
