package pattern

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"fanout/internal/jsonscan"
)

var numbers = []string{
	"0", "-0", "0.0", "0e999999999999", "1", "-1", "10", "100e-2", "0.1", "1e23", "8.41e21", "2e-3", "1e22", "123456789012345", "1234567890123456", "12345678901234567",
	"123456789012345678", "9007199254740992", "9007199254740993", "9007199254740991", "0.30000000000000004", "0.3", "0.1000000000000000055511151231257827",
	"1.7976931348623157e308", "1.7976931348623159e308", "1e308", "1e309", "1e400", "-1e400", "2.2250738585072014e-308", "5e-324", "4.9e-324", "1e-323", "1e-400",
	"1e1048576", "1e-1048577", "1e99999999999999999999", "1e-99999999999999999999", "1000000000000000000000000000000000000000", "0.000000000000000000000000000000000000001",
	"1.000000000000000000000000", "100000000000000000000.00000000000000000000", "12345678901234567890e-10", "1152921504606846976", "0.00000e-5", "-0.5", "1E5", "1e+05", "4503599627370496.5",
}

// exactly is the definition of exact.
func exactly(text string) (float64, bool) {
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		if n, err := strconv.Atoi(text[e+1:]); err != nil || n < -2000 || n > 2000 { // too much for math/big
			return 0, strings.Trim(text[:e], "-.0") == ""
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	want, _ := new(big.Rat).SetString(text)
	got, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, 64))
	return f, want.Cmp(got) == 0
}

func TestExact(t *testing.T) {
	for _, text := range numbers {
		checkExact(t, text)
	}
}

func checkExact(t *testing.T, text string) {
	want, ok := exactly(text)
	if got, gotOK := exact([]byte(text)); ok != gotOK || ok && got != want {
		t.Errorf("%s: %v %t, want %v %t", text, got, gotOK, want, ok)
	}
}

func FuzzExact(f *testing.F) {
	for _, text := range numbers {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := jsonscan.Cursor{Text: []byte(text)}
		if len(text) > 1000 || !c.Number() || !c.End() {
			return
		}
		checkExact(t, strings.TrimRight(text, " \n\t\r"))
	})
}

var addresses = []string{
	"0.0.0.0", "255.255.255.255", "1.2.3.4", "01.002.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.a", "", ".", "...", "0000000000.0.0.0",
	"::", "::1", "1::", ":", ":::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
	"1::2::3", "1:", ":1", "::1:", "fFfF::AbCd", "12345::", "g::", "::ffff:102:304", "1:2::3:4:5:6:7:8", "2001:db8::1 ", "::%eth0", "fe80::1%1", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8",
}

func TestAddress(t *testing.T) {
	for _, text := range addresses {
		checkAddress(t, text)
	}
	for text, want := range map[string]string{"01.002.3.4": "1.2.3.4", "00001::": "1::", "::ffff:102:304": "1.2.3.4"} {
		if a, ok := address([]byte(text)); !ok || a.String() != want {
			t.Errorf("%s: %s %t", text, a, ok)
		}
	}
}

// checkAddress compares an address without leading zeros with net/netip.
func checkAddress(t *testing.T, text string) {
	got, ok := address([]byte(text))
	want, err := netip.ParseAddr(text)
	switch {
	case err == nil && (want.Zone() != "" || strings.Contains(text, ":") && strings.Contains(text, ".")):
		if ok {
			t.Errorf("%s: %s", text, got)
		}
	case err == nil && (!ok || got != want.Unmap()):
		t.Errorf("%s: %s %t, want %s", text, got, ok, want)
	case err != nil && ok && !strings.Contains(text, "0"):
		t.Errorf("%s: %s, but net/netip says %v", text, got, err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, text := range addresses {
		f.Add(text)
	}
	f.Fuzz(checkAddress)
}

// A wildcard is matched without going back.
func FuzzWildcard(f *testing.F) {
	for _, w := range []string{"", "*", "a*", "*a", "a*b", "aba*aba", "*ab*ab*", `a\*b`, `\\*`, `**`, `\a`} {
		f.Add(w, "abaaba")
		f.Add(w, "a*b")
	}
	f.Fuzz(func(t *testing.T, w, s string) {
		parts, why := splitWildcard(w)
		if why != "" || len(w) > 20 || len(s) > 40 {
			return
		}
		if got, want := matchWildcard(parts, []byte(s)), backtrack(w, s); got != want {
			t.Errorf("%q on %q: %t, want %t", w, s, got, want)
		}
	})
}

// backtrack is the definition of a wildcard.
func backtrack(w, s string) bool {
	if w == "" {
		return s == ""
	}
	if w[0] == '*' {
		return backtrack(w[1:], s) || s != "" && backtrack(w, s[1:])
	}
	if w[0] == '\\' {
		w = w[1:]
	}
	return s != "" && s[0] == w[0] && backtrack(w[1:], s[1:])
}
