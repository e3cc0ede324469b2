package ui

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

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
