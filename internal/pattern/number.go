package pattern

import "strconv"

// decimal is a number as digits × 10^exponent, without zeros at either end of the
// digits.
type decimal struct {
	negative bool
	digits   [maxDigits]byte
	n        int // digits; 0 for zero
	exponent int
}

// maxDigits is how many digits the shortest text of a float64 has at most.
const maxDigits = 17

// exact returns the value of a JSON number if it is the shortest text of that float64,
// or differs only in notation. Others are not compared by value: 1234567890123456789
// and its neighbors are one float64.
func exact(text []byte) (float64, bool) {
	d, ok := readDecimal(text)
	if !ok {
		return 0, false
	}
	if d.n == 0 {
		return 0, true
	}
	var buf [maxDigits + 24]byte
	f, err := strconv.ParseFloat(string(d.append(buf[:0])), 64)
	if err != nil {
		return 0, false
	}
	// Any 15 digits are the shortest text of their float64, if it has all its bits.
	if d.n <= 15 && -290 < d.exponent && d.exponent < 290 {
		return f, true
	}
	shortest, ok := readDecimal(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	return f, ok && shortest == d
}

// append appends d in the notation of JSON.
func (d *decimal) append(b []byte) []byte {
	if d.negative {
		b = append(b, '-')
	}
	b = append(b, d.digits[:d.n]...)
	return strconv.AppendInt(append(b, 'e'), int64(d.exponent), 10)
}

// readDecimal reads a number in the notation of JSON. It reports whether the digits
// suffice.
func readDecimal(text []byte) (d decimal, ok bool) {
	i := 0
	if text[0] == '-' {
		d.negative, i = true, 1
	}
	fraction, zeros := false, 0 // zeros since the last other digit
	for ; i < len(text) && text[i] != 'e' && text[i] != 'E'; i++ {
		c := text[i]
		if c == '.' {
			fraction = true
			continue
		}
		if fraction {
			d.exponent--
		}
		if c == '0' {
			zeros++
			continue
		}
		if d.n == 0 {
			zeros = 0
		}
		if d.n+zeros >= maxDigits {
			return d, false
		}
		for ; zeros > 0; zeros-- {
			d.digits[d.n] = '0'
			d.n++
		}
		d.digits[d.n] = c
		d.n++
	}
	if d.n == 0 {
		return decimal{}, true
	}
	d.exponent += zeros
	return d, d.scale(text[min(i+1, len(text)):])
}

// scale multiplies d with a power of ten. It reports whether a float64 can be as large.
func (d *decimal) scale(exponent []byte) bool {
	const most = 1 << 20 // far beyond any float64, and far from an overflow
	negative, e := false, 0
	for _, c := range exponent {
		switch {
		case c == '-':
			negative = true
		case c != '+':
			e = min(10*e+int(c-'0'), most)
		}
	}
	if negative {
		e = -e
	}
	d.exponent += e
	return -most < d.exponent && d.exponent < most
}
