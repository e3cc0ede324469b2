// Package rawjson finds where the members of JSON text begin and end. The text must be
// valid JSON. For other text the members are wrong, but nothing worse happens.
package rawjson

import (
	"bytes"
	"encoding/json"
)

// This file finds where the parts of JSON text begin and end. The text must be valid
// JSON. For other text the parts are wrong, but nothing worse happens.

// Members calls f with each member of an object: its quoted name, and the start and end
// of its value in text.
func Members(text []byte, f func(name []byte, start, end int)) {
	i := skipSpace(text, 0)
	for opener := byte('{'); i < len(text) && text[i] == opener; opener = ',' {
		i = skipSpace(text, i+1)
		end := skipValue(text, i)
		start := skipSpace(text, skipSpace(text, end)+1) // after the colon
		if start >= len(text) {
			return
		}
		name := text[i:end]
		end = skipValue(text, start)
		f(name, start, end)
		i = skipSpace(text, end)
	}
}

// skipSpace returns the end of the white space at i.
func skipSpace(text []byte, i int) int {
	for i < len(text) && IsSpace(text[i]) {
		i++
	}
	return i
}

// skipValue returns the end of the value at i.
func skipValue(text []byte, i int) int {
	for depth := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '"':
			if i = skipString(text, i); depth == 0 {
				return min(i+1, len(text))
			}
		case depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']' || IsSpace(c)):
			return i // a number or word ends here
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// skipString returns the index of the quote that ends the string at i.
func skipString(text []byte, i int) int {
	for i++; ; i++ {
		n := bytes.IndexByte(text[min(i, len(text)):], '"')
		if n < 0 {
			return len(text)
		}
		escapes := 0 // backslashes before the quote
		for escapes < n && text[i+n-1-escapes] == '\\' {
			escapes++
		}
		if i += n; escapes%2 == 0 {
			return i
		}
	}
}

func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// Unquote returns the content of a JSON string, and nothing for other text.
func Unquote(text []byte) []byte {
	if len(text) < 2 || text[0] != '"' {
		return nil
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var s string
	_ = json.Unmarshal(text, &s) // invalid JSON gives an empty string
	return []byte(s)
}
