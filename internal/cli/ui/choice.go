package ui

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Chooser is a flag's value made of a few fixed words.
type Chooser interface{ Choices() []string }

// choice is a flag's value that is one of a few words. It implements pflag.Value.
type choice struct {
	value *string
	words []string
	also  map[string]string // words by their other names
}

// errChoice is replaced by flagError, which knows the flag.
var errChoice = errors.New("must be one of a few words")

func (c choice) String() string    { return *c.value }
func (c choice) Type() string      { return "choice" }
func (c choice) Choices() []string { return c.words }

func (c choice) Set(s string) error {
	if word, ok := c.also[s]; ok {
		s = word
	}
	if !slices.Contains(c.words, s) {
		return errChoice
	}
	*c.value = s
	return nil
}

// OneOf adds a flag that accepts only one of words, and completes them.
func OneOf(cmd *cobra.Command, p *string, name, value, usage string, words []string) {
	OneOfNamed(cmd, p, name, value, usage, words, nil)
}

// OneOfNamed is like OneOf. It also takes other names of words, and stores the word.
func OneOfNamed(cmd *cobra.Command, p *string, name, value, usage string, words []string, also map[string]string) {
	*p = value
	cmd.Flags().Var(choice{p, words, also}, name, usage)
	CompleteWords(cmd, name, words)
}

// choiceList is a flag's value with several of a few words. It implements pflag.Value.
type choiceList struct {
	value *[]string
	words []string
}

func (c choiceList) String() string    { return strings.Join(*c.value, ",") }
func (c choiceList) Type() string      { return "choices" }
func (c choiceList) Choices() []string { return c.words }

func (c choiceList) Set(s string) error {
	for _, word := range strings.Split(s, ",") {
		if !slices.Contains(c.words, word) {
			return errChoice
		}
		*c.value = append(*c.value, word)
	}
	return nil
}

// SomeOf adds a flag that accepts only words from a list, with commas or repeated. It
// completes the first word.
func SomeOf(cmd *cobra.Command, p *[]string, name, usage string, words []string) {
	cmd.Flags().Var(choiceList{p, words}, name, usage)
	CompleteWords(cmd, name, words)
}

// CompleteWords lets the shell complete words. The flag exists, so the error is always
// nil.
func CompleteWords(cmd *cobra.Command, flag string, words []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// Refused names the words that a flag takes instead of the typed value.
func Refused(f *pflag.Flag, c Chooser, typed string) string {
	for word := range strings.SplitSeq(typed, ",") {
		if _, list := f.Value.(choiceList); list && !slices.Contains(c.Choices(), word) {
			typed = word
			break
		}
	}
	return Either(c.Choices()) + DidYouMean("", typed, c.Choices())
}

// Either joins words with commas and or.
func Either(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// OutputForms are the values of --output for commands that print a table.
var OutputForms = []string{"table", "json", "yaml"}

// OutputFlag adds the flag for the form of results. The first of forms is the default.
func OutputFlag(cmd *cobra.Command, p *string, forms ...string) {
	OneOf(cmd, p, "output", forms[0], "print results in this `FORM`: "+Either(forms), forms)
}
