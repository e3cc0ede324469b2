// Package near finds the name that a mistyped word probably stands for.
package near

import (
	"strings"
	"unicode/utf8"

	"github.com/hbollon/go-edlib"
)

// Closest returns the name most similar to typed, or "" if none is similar. A
// similar name is at most two typing errors away (one if typed is short), or begins
// with typed.
func Closest(typed string, names []string) string {
	lower := strings.ToLower(typed)
	best, least := "", max(1, min(2, utf8.RuneCountInString(typed)/3))+1
	for _, name := range names {
		n := edlib.OSADamerauLevenshteinDistance(lower, strings.ToLower(name))
		if typed != "" && strings.HasPrefix(strings.ToLower(name), lower) {
			n = min(n, 1)
		}
		if n < least && name != typed {
			best, least = name, n
		}
	}
	return best
}
