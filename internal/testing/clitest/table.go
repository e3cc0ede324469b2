package clitest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// CheckTable checks a table that write prints. At two widths it is golden. At any width
// every box is whole, and no wider than the output.
func CheckTable(t *testing.T, name string, write func(w *bytes.Buffer)) {
	t.Helper()
	for _, width := range []int{80, 120} {
		t.Setenv("COLUMNS", fmt.Sprint(width))
		var b bytes.Buffer
		write(&b)
		CheckGolden(t, filepath.Join("testdata", "tables", fmt.Sprintf("%s.%d.txt", name, width)), b.String())
	}
	for width := leastColumns; width < 200; width++ {
		t.Setenv("COLUMNS", fmt.Sprint(width))
		var b bytes.Buffer
		write(&b)
		lengths := make(map[int]bool)
		for line := range strings.SplitSeq(b.String(), "\n") {
			if !strings.ContainsAny(line, "│┌├└") {
				continue
			}
			n := text.StringWidth(line)
			if lengths[n] = true; n > width {
				t.Errorf("%s at %d columns: a line of %d:\n%s", name, width, n, line)
			}
		}
		if len(lengths) > 1 {
			t.Errorf("%s at %d columns: lines of different lengths:\n%s", name, width, &b)
		}
	}
}

// leastColumns is the least width that package ui prints for.
const leastColumns = 40
