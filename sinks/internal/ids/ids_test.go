package ids

import (
	"regexp"
	"strings"
	"testing"
)

func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "ü", "\x00", strings.Repeat("x", 128), strings.Repeat("x", 129), "!~"} {
		f.Add(s)
	}
	ok := regexp.MustCompile(`^[!-~]{1,128}$`)
	f.Fuzz(func(t *testing.T, s string) {
		got := Token(s)
		if !ok.MatchString(got) {
			t.Errorf("token(%q) = %q, which the services do not take", s, got)
		}
		if ok.MatchString(s) && got != s {
			t.Errorf("token(%q) = %q, and could stay", s, got)
		}
	})
}
