package pattern

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textTest is a test of a string.
type textTest struct {
	kind  textKind
	text  []byte   // of prefix and suffix
	cases []cased  // of the tests that ignore case
	parts [][]byte // of wildcard: the text between the asterisks
}

type textKind uint8

const (
	prefix textKind = iota
	suffix
	equalsIgnoringCase
	prefixIgnoringCase
	suffixIgnoringCase
	wildcard
)

var textKinds = map[string]textKind{
	"prefix": prefix, "suffix": suffix, "wildcard": wildcard, "equals-ignore-case": equalsIgnoringCase,
	"prefix equals-ignore-case": prefixIgnoringCase, "suffix equals-ignore-case": suffixIgnoringCase,
}

// newTextTest returns the test of an operator, or why there is none.
func newTextTest(operator, s string) (t textTest, why string) {
	t.kind = textKinds[operator]
	switch t.kind {
	case wildcard:
		t.parts, why = splitWildcard(s)
	case prefix, suffix:
		t.text = []byte(s)
	default:
		for _, r := range s {
			t.cases = append(t.cases, cased{r, unicode.ToLower(r), unicode.ToUpper(r)})
		}
	}
	return t, why
}

func (t *textTest) matches(s []byte) bool {
	switch t.kind {
	case prefix:
		return bytes.HasPrefix(s, t.text)
	case suffix:
		return bytes.HasSuffix(s, t.text)
	case wildcard:
		return matchWildcard(t.parts, s)
	case suffixIgnoringCase:
		return hasSuffixIgnoringCase(s, t.cases)
	default:
		n := prefixIgnoringCaseLen(s, t.cases)
		return n >= 0 && (n == len(s) || t.kind == prefixIgnoringCase)
	}
}

// splitWildcard returns the text between the asterisks of a wildcard.
func splitWildcard(s string) (parts [][]byte, why string) {
	var part []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '*' && strings.HasPrefix(s[i+1:], "*"):
			return nil, "has two asterisks in a row; write one, or a backslash before an asterisk that stands for itself"
		case c == '*':
			parts, part = append(parts, part), nil
		case c != '\\':
			part = append(part, c)
		case i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '\\'):
			i++
			part = append(part, s[i])
		default:
			return nil, `has a backslash before something else than an asterisk or a backslash; write \\ for a backslash`
		}
	}
	return append(parts, part), ""
}

// matchWildcard takes the first place of each part behind the part before it, so it
// never goes back.
func matchWildcard(parts [][]byte, s []byte) bool {
	last := len(parts) - 1
	if last == 0 {
		return bytes.Equal(s, parts[0])
	}
	s, ok := bytes.CutPrefix(s, parts[0])
	if ok {
		s, ok = bytes.CutSuffix(s, parts[last])
	}
	for i := 1; ok && i < last; i++ {
		_, s, ok = bytes.Cut(s, parts[i])
	}
	return ok
}

// cased is a character in any case. As in event-ruler, a character of a string matches
// if it is the lower or upper case of one in the pattern.
type cased struct{ self, lower, upper rune }

func (c cased) has(r rune) bool { return r == c.lower || r == c.upper || r == c.self }

// prefixIgnoringCaseLen returns the length of the text at the start of s that matches want,
// or -1.
func prefixIgnoringCaseLen(s []byte, want []cased) int {
	i := 0
	for _, c := range want {
		r, n := utf8.DecodeRune(s[i:])
		if n == 0 || !c.has(r) {
			return -1
		}
		i += n
	}
	return i
}

func hasSuffixIgnoringCase(s []byte, want []cased) bool {
	for i := len(want) - 1; i >= 0; i-- {
		r, n := utf8.DecodeLastRune(s)
		if n == 0 || !want[i].has(r) {
			return false
		}
		s = s[:len(s)-n]
	}
	return true
}
