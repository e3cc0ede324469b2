package cli

import (
	"bytes"
	"strings"
	"testing"
)

// checkHarmless checks that output with the text [forged] neither controls a terminal nor
// starts a line of its own.
func checkHarmless(t *testing.T, write map[string]func(w *bytes.Buffer)) {
	t.Helper()
	for name, write := range write {
		t.Run(name, func(t *testing.T) {
			var w bytes.Buffer
			write(&w)
			if w.Len() == 0 || acts(w.String()) || strings.Contains(w.String(), "\nfanout: all") {
				t.Errorf("%q", w.String())
			}
		})
	}
}

// forged is hostile text that also looks like a message of fanout.
const forged = hostile + "\nfanout: all is well"
