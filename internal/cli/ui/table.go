package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// fitted is a table that fits the width of its output. If it is too wide, it first
// breaks its long cells. Then it omits its lines, except the one below the head. Then
// it omits columns of zeros. In the end it turns every row into a block of lines.
type fitted struct {
	table.Writer
	width  int // 0: any
	config []table.ColumnConfig
	head   table.Row
	rows   []table.Row
}

func NewTable(width int) *fitted {
	t := &fitted{Writer: table.NewWriter(), width: width}
	t.SetStyle(table.StyleLight)
	return t
}

// SetColumnConfigs implements table.Writer.
func (t *fitted) SetColumnConfigs(config []table.ColumnConfig) {
	t.config = config
	t.Writer.SetColumnConfigs(config)
}

// AppendHeader implements table.Writer.
func (t *fitted) AppendHeader(row table.Row, config ...table.RowConfig) {
	t.head = row
	t.Writer.AppendHeader(row, config...)
}

// AppendRow implements table.Writer. No cell can control a terminal.
func (t *fitted) AppendRow(row table.Row, config ...table.RowConfig) {
	row = cells(row)
	t.rows = append(t.rows, row)
	t.Writer.AppendRow(row, config...)
}

// Render implements table.Writer.
func (t *fitted) Render() string {
	out := t.Writer.Render()
	if t.width == 0 || text.LongestLineLen(out) <= t.width {
		return out
	}
	all := t.measure()
	if fit(all, t.width, boxed) {
		return t.render(all)
	}
	some := slices.Clone(all)
	for i := range some {
		some[i].hidden = some[i].zeros
	}
	for _, columns := range [][]column{all, some} {
		for gap := 2; gap > 0; gap-- {
			if fit(columns, t.width, gap) {
				return t.open(columns, gap)
			}
		}
	}
	return t.blocks()
}

// boxed is the width between columns in a box: two spaces and a line.
const boxed = 3

// open renders the table without lines, with a gap between columns.
func (t *fitted) open(columns []column, gap int) string {
	t.Style().Options.DrawBorder, t.Style().Options.SeparateColumns = false, false
	t.Style().Box.PaddingLeft, t.Style().Box.PaddingRight = "", strings.Repeat(" ", gap)
	lines := strings.Split(t.render(columns), "\n")
	for i, line := range lines {
		if strings.Trim(line, "─") == "" {
			line = strings.TrimSuffix(line, strings.Repeat("─", gap)) // after the last column
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// column is the width of a column.
type column struct {
	least, most int // characters
	width       int // final width
	zeros       bool
	hidden      bool
}

// leastText is the smallest width of text cells, if it is at least a third of their
// length: a name in more pieces is better off in a block.
const leastText = 12

// measure returns the widths of the columns. Numbers are never broken.
func (t *fitted) measure() []column {
	all := make([]column, len(t.head))
	for i, head := range t.head {
		c := &all[i]
		c.most = text.LongestLineLen(fmt.Sprint(head))
		for word := range strings.FieldsSeq(fmt.Sprint(head)) {
			c.least = max(c.least, len(word))
		}
		cells := 0
		c.zeros = len(t.rows) > 0
		for _, row := range t.rows {
			cell := fmt.Sprint(row[i])
			cells = max(cells, text.LongestLineLen(cell))
			c.zeros = c.zeros && cell == "0"
		}
		c.most = max(c.most, cells)
		if !t.number(i) {
			cells = min(cells, max(leastText, cells/3))
		}
		c.least = max(c.least, cells)
	}
	return all
}

// number reports whether a column, counted from 0, has numbers.
func (t *fitted) number(i int) bool {
	c := slices.IndexFunc(t.config, func(c table.ColumnConfig) bool { return c.Number == i+1 })
	return c >= 0 && t.config[c].Align == text.AlignRight
}

// fit makes the widest columns narrower, all to the same width, until they fit.
func fit(all []column, width, gap int) bool {
	for limit := width; limit > 0; limit-- {
		need := 0
		if gap == boxed {
			need = 1 // the line before the first column
		}
		for i := range all {
			c := &all[i]
			c.width = max(c.least, min(c.most, limit))
			if !c.hidden {
				need += c.width + gap
			}
		}
		if need <= width {
			return true
		}
	}
	return false
}

// render renders the table with the final column widths.
func (t *fitted) render(all []column) string {
	config := make([]table.ColumnConfig, len(all))
	for i, c := range all {
		if k := slices.IndexFunc(t.config, func(c table.ColumnConfig) bool { return c.Number == i+1 }); k >= 0 {
			config[i] = t.config[k]
		}
		config[i].Number, config[i].Hidden = i+1, c.hidden
		config[i].WidthMax, config[i].WidthMaxEnforcer = c.width, breakCell
	}
	t.Writer.SetColumnConfigs(config)
	return t.Writer.Render()
}

// breakCell breaks a cell into lines of at most width characters. It breaks at a space
// in the second half of the line, or after a separator in names and ARNs if that leaves
// at least a third of the line.
func breakCell(cell string, width int) string {
	if strings.Contains(cell, "\x1b") {
		return text.WrapText(cell, width) // WrapText understands colors
	}
	var lines []string
	for line := range strings.SplitSeq(cell, "\n") {
		r := []rune(line)
		for len(r) > width {
			end := breakAt(r, width)
			lines = append(lines, strings.TrimRight(string(r[:end]), " "))
			r = []rune(strings.TrimLeft(string(r[end:]), " "))
		}
		lines = append(lines, string(r))
	}
	return strings.Join(lines, "\n")
}

// breakAt returns how much of a line, which is longer than width, stays in it.
func breakAt(line []rune, width int) int {
	for i := width; i > width/2; i-- {
		if line[i] == ' ' {
			return i
		}
	}
	for i := width; i > width/3; i-- {
		if strings.ContainsRune(" :/,-#", line[i-1]) {
			return i
		}
	}
	return width
}

// blocks renders each row as lines of a column's name and its cell, without empty
// cells.
func (t *fitted) blocks() string {
	names := 0
	for _, head := range t.head {
		names = max(names, len(fmt.Sprint(head)))
	}
	indent := "\n" + strings.Repeat(" ", names+2)
	var blocks []string
	for _, row := range t.rows {
		var b strings.Builder
		for i, head := range t.head {
			cell := fmt.Sprint(row[i])
			if cell == "" {
				continue
			}
			name := fmt.Sprintf("%-*s  ", names, strings.ToUpper(fmt.Sprint(head)))
			cell = breakCell(cell, max(t.width-len(name), leastText))
			b.WriteString(name + strings.ReplaceAll(cell, "\n", indent) + "\n")
		}
		blocks = append(blocks, b.String())
	}
	return strings.TrimSuffix(strings.Join(blocks, "\n"), "\n")
}
