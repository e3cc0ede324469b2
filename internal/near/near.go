// Package near finds the name that a mistyped word probably stands for.
package near

import (
	"strings"
	"unicode/utf8"
)

// Closest returns the name most similar to typed, or "" if none is similar. A
// similar name is at most two typing errors away (one if typed is short), or begins
// with typed.
func Closest(typed string, names []string) string {
	lower := strings.ToLower(typed)
	best, least := "", max(1, min(2, utf8.RuneCountInString(typed)/3))+1
	for _, name := range names {
		n := slips(lower, strings.ToLower(name))
		if typed != "" && strings.HasPrefix(strings.ToLower(name), lower) {
			n = min(n, 1)
		}
		if n < least && name != typed {
			best, least = name, n
		}
	}
	return best
}

// slips counts the wrong, missing, extra and swapped letters (Damerau's distance,
// in which each letter has at most one error).
func slips(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before []int
	last := make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			wrong := 1
			if s[i] == t[j] {
				wrong = 0
			}
			row[j+1] = min(last[j]+wrong, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}
