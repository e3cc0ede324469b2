package stages

import (
	"bytes"
	"strconv"

	"fanout/internal/jsonscan"
)

// DynamoDB's limits on numbers: 38 significant digits, and magnitudes from 1E-130
// to 9.9…9E+125 (Developer Guide, Constraints).
const (
	maxDigits   = 38
	minExponent = -130
	maxExponent = 125
)

// checkNumber returns the fault in the text of a number, or "". DynamoDB writes
// numbers without plus signs, exponents or redundant zeros, in any form they were
// stored in. So its numbers are JSON numbers already. Exponents in JSON form are
// accepted too.
func checkNumber(text []byte) string {
	if !jsonscan.IsNumber(text) {
		return "a number has an invalid form"
	}
	var (
		n           int        // digits read
		point       = -1       // digits before the point
		first, last = -1, -1   // positions of nonzero digits
		power       = text[:0] // the exponent
	)
scan:
	for i, c := range text {
		switch c {
		case '-':
		case '.':
			point = n
		case 'e', 'E':
			power = text[i+1:]
			break scan
		case '0':
			n++
		default:
			if first < 0 {
				first = n
			}
			last = n
			n++
		}
	}
	if point < 0 {
		point = n
	}
	if first < 0 {
		return ""
	}
	if last-first >= maxDigits {
		return "a number has more than the 38 digits of DynamoDB"
	}
	exponent := point - 1 - first
	if len(power) > 0 {
		p, err := strconv.Atoi(string(power))
		if err != nil || p > maxExponent+len(text) || p < minExponent-len(text) {
			return outOfRange
		}
		exponent += p
	}
	if exponent < minExponent || exponent > maxExponent {
		return outOfRange
	}
	return ""
}

const outOfRange = "a number is outside the range of DynamoDB"

// beyond64 reports whether the text of a number is an integer that does not fit in
// 64 bits, signed or unsigned.
func beyond64(text []byte) bool {
	if len(text) < len("9223372036854775808") || bytes.ContainsAny(text, ".eE") {
		return false
	}
	most := "18446744073709551615"
	if text[0] == '-' {
		text, most = text[1:], "9223372036854775808"
	}
	return len(text) > len(most) || len(text) == len(most) && string(text) > most
}
