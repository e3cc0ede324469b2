package jsonscan

// IsNumber reports whether text is a JSON number and nothing else.
func IsNumber(text []byte) bool {
	end, ok := number(text, 0)
	return ok && end == len(text)
}

// number returns the end of the number at i. If there is none, it returns the position
// of the fault.
func number(text []byte, i int) (end int, ok bool) {
	if at(text, i) == '-' {
		i++
	}
	if at(text, i) == '0' {
		i++
	} else if i, ok = digits(text, i); !ok {
		return i, false
	}
	if at(text, i) == '.' {
		if i, ok = digits(text, i+1); !ok {
			return i, false
		}
	}
	if c := at(text, i); c == 'e' || c == 'E' {
		i++
		if c := at(text, i); c == '+' || c == '-' {
			i++
		}
		return digits(text, i)
	}
	return i, true
}

// at returns text[i], or 0 beyond the end.
func at(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// digits returns the end of the digits at i, and whether there are any.
func digits(text []byte, i int) (end int, some bool) {
	start := i
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	return i, i > start
}
