package jsonscan

// Tokens calls f with the parts of valid JSON text that remain without the white space
// between its tokens, in order.
func Tokens(text []byte, f func(part []byte)) {
	start := 0
	for i := 0; i < len(text); {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case ' ', '\n', '\t', '\r':
			if start < i {
				f(text[start:i])
			}
			i++
			start = i
		default:
			i++
		}
	}
	if start < len(text) {
		f(text[start:])
	}
}

// stringEnd returns the end of the valid string at i.
func stringEnd(text []byte, i int) int {
	for i++; ; i++ {
		i = Mark(text, i)
		switch {
		case i >= len(text):
			return len(text)
		case text[i] == '"':
			return i + 1
		case text[i] == '\\':
			i++ // the escaped character
		}
	}
}
