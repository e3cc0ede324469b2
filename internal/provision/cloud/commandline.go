package cloud

import (
	"slices"
	"strings"
	"unicode"
)

// CommandLine is a fanout command about a function, quoted for a shell. args are the flags,
// such as --region, that lead every command to the same function. Words in capitals stand
// for values that only the user knows.
func CommandLine(function string, args []string, name string, flags ...string) string {
	all := []string{"fanout", name}
	if function != "fanout" {
		all = append(all, "--function", function)
	}
	for _, word := range slices.Concat(flags, args) {
		all = append(all, shellWord(word))
	}
	return strings.Join(all, " ")
}

// shellWord quotes a word that a shell would split or interpret.
func shellWord(word string) string {
	plain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:=@%+,", r)
	})
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
