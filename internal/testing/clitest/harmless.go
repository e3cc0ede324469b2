package clitest

import (
	"bytes"
	"strings"
	"testing"
)

// CheckHarmless checks that output with the text [forged] neither controls a terminal nor
// starts a line of its own.
func CheckHarmless(t *testing.T, write map[string]func(w *bytes.Buffer)) {
	t.Helper()
	for name, write := range write {
		t.Run(name, func(t *testing.T) {
			var w bytes.Buffer
			write(&w)
			if w.Len() == 0 || Acts(w.String()) || strings.Contains(w.String(), "\nfanout: all") {
				t.Errorf("%q", w.String())
			}
		})
	}
}

// Forged is hostile text that also looks like a message of fanout.
const Forged = Hostile + "\nfanout: all is well"
