package request

import (
	"testing"
)

func TestWholeJSON(t *testing.T) {
	for answer, want := range map[string]bool{
		"": true, " ": true, "{}": true, "{} \n\t\r": true, `{"a":"}]\"{"}`: true, `[{"a":[]}]`: true, `{"a":"\\"}`: true,
		"{}x": false, "{}{}": false, "{}}": false, `{"a":"\\"}"`: false, "[] []": false,
	} {
		if err := wholeJSON([]byte(answer)); (err == nil) != want {
			t.Errorf("%s: %v, want whole %v", answer, err, want)
		}
	}
}

func TestWholeXML(t *testing.T) {
	for answer, want := range map[string]bool{
		"<a></a>": true, "<a></a>\n": true, "<a></a><": false, "<a></a": false, "": false, "<html></html>": false, "<a></a><a></a>": false,
	} {
		if err := WholeXML("a")([]byte(answer)); (err == nil) != want {
			t.Errorf("%s: %v, want whole %v", answer, err, want)
		}
	}
}
