package watch

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/engine/plain"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/status"
)

// marks are the marks of verdicts and problems.
var marks = map[status.State]struct {
	mark  string
	color text.Color
}{
	status.Healthy: {"✓", text.FgGreen}, status.Attention: {"!", text.FgYellow},
	status.Late: {"✗", text.FgRed}, status.Failing: {"✗", text.FgRed}, status.Unclear: {"?", text.FgCyan},
}

// colors are the colors of the conditions that need one.
var colors = map[status.Condition]text.Color{
	status.OK: text.FgGreen, status.Diverted: text.FgYellow, status.Diverting: text.FgRed, status.Fails: text.FgRed, status.Faulty: text.FgRed,
}

// page is a snapshot as text, for the writer w: the verdict first.
func page(w io.Writer, s *status.Snapshot) string {
	var b bytes.Buffer
	p := printer{b: &b, w: w, width: ui.TextWidth(w)}
	p.say(s.Verdict.State, string(s.Verdict.State), s.Verdict.Text, s.Verdict.Do)
	calls := "invocations not known"
	if c := s.Calls; c != nil {
		calls = fmt.Sprintf("%s, %s, %d throttled", ui.Count(c.Invocations, "invocation"), ui.Count(c.Errors, "error"), c.Throttles)
	}
	fmt.Fprintf(&b, "\nFunction %s in %s: %s\n", ui.Printable(s.Function), ui.Printable(s.Region), calls)
	p.sources(s)
	p.targets(s)
	p.reasons(s)
	for _, problem := range s.Problems[min(1, len(s.Problems)):] { // the verdict has the first
		b.WriteString("\n")
		p.say(problem.State, problem.Subject, problem.Text, problem.Do)
	}
	if len(s.Unknown) > 0 {
		b.WriteString("\n")
	}
	for _, u := range s.Unknown {
		p.hang("?", fmt.Sprintf("not known: %s (%s)", u.What, u.Why))
	}
	return b.String()
}

// printer writes the parts of a page.
type printer struct {
	b     *bytes.Buffer
	w     io.Writer // for its width and colors
	width int
}

// say writes a mark, a sentence, and what to do.
func (p *printer) say(state status.State, subject, sentence, do string) {
	m := marks[state]
	p.hang(fmt.Sprint(ui.Colored(p.w, m.color, m.mark)), subject+": "+sentence)
	if do != "" {
		p.b.WriteString("→ " + plain.Line(do) + "\n") // in one line, to copy
	}
}

// hang writes a mark of one column and a sentence beside it.
func (p *printer) hang(mark, sentence string) {
	var b strings.Builder
	ui.Hang(&b, "  ", plain.Line(sentence), p.width)
	p.b.WriteString(mark + b.String()[1:])
}

// table writes a table unless it is empty.
func (p *printer) table(rows func(t table.Writer)) {
	t := ui.NewTable(ui.Columns(p.w))
	rows(t)
	if t.Length() > 0 {
		p.b.WriteString("\n" + t.Render() + "\n")
	}
}

func (p *printer) sources(s *status.Snapshot) {
	queues := slices.ContainsFunc(s.Sources, func(source status.Source) bool { return source.Waiting != nil })
	p.table(func(t table.Writer) {
		head := table.Row{"source", "mapping", "last result", "records", "age now", "age most"}
		if queues {
			head = append(head, "waiting")
		}
		t.AppendHeader(head)
		right(t, 4, len(head))
		for i := range s.Sources {
			source := &s.Sources[i]
			state, result := "none", ""
			switch {
			case source.Unread:
				state = "-"
			case source.Unsubscribed:
			case source.Topic:
				state = "topic"
			}
			if m := source.Mapping; m != nil {
				state, result = m.State, m.Result
			}
			now, most := "-", "-"
			if a := source.Age; a != nil {
				now, most = status.Seconds(a.Last), status.Seconds(a.Most)
			}
			row := table.Row{source.Name, state, result, number(source.Records), now, most}
			if queues {
				row = append(row, number(source.Waiting))
			}
			t.AppendRow(row)
		}
	})
}

// columns are the counts of a target. Those that are seldom above zero show only then.
var columns = []struct {
	name   string
	of     func(*status.Counts) int
	seldom bool
}{
	{"delivered", func(c *status.Counts) int { return c.Delivered }, false},
	{"already", func(c *status.Counts) int { return c.Already }, true},
	{"filtered", func(c *status.Counts) int { return c.Filtered }, false},
	{"dropped", func(c *status.Counts) int { return c.Dropped }, true},
	{"diverted", func(c *status.Counts) int { return c.Diverted }, false},
	{"failed", func(c *status.Counts) int { return c.Failed }, false},
}

func (p *printer) targets(s *status.Snapshot) {
	p.table(func(t table.Writer) {
		// One source is in the table above.
		several := len(s.Sources) > 1
		head, shown := table.Row{"target"}, make([]bool, len(columns))
		if several {
			head = table.Row{"source", "target"}
		}
		first := len(head) + 1
		for i, c := range columns {
			if shown[i] = !c.seldom || counted(s, c.of); shown[i] {
				head = append(head, c.name)
			}
		}
		t.AppendHeader(append(head, "state"))
		right(t, first, len(head))
		for _, source := range s.Sources {
			for i := range source.Targets {
				target := &source.Targets[i]
				row := table.Row{target.ID}
				if several {
					row = table.Row{source.Name, target.ID}
				}
				for i, c := range columns {
					if shown[i] {
						row = append(row, count(target.Counts, c.of))
					}
				}
				t.AppendRow(append(row, p.condition(target.Condition)))
			}
		}
	})
}

// counted reports whether a count of any target is above zero.
func counted(s *status.Snapshot, of func(*status.Counts) int) bool {
	for _, source := range s.Sources {
		for _, t := range source.Targets {
			if t.Counts != nil && of(t.Counts) > 0 {
				return true
			}
		}
	}
	return false
}

func count(c *status.Counts, of func(*status.Counts) int) string {
	if c == nil {
		return "-"
	}
	return strconv.Itoa(of(c))
}

// condition is a cell with a target's condition.
func (p *printer) condition(c status.Condition) any {
	if color, ok := colors[c]; ok {
		return ui.Colored(p.w, color, string(c))
	}
	return string(c)
}

// reasons writes the last error of each target that has one.
func (p *printer) reasons(s *status.Snapshot) {
	head := "\nLast errors\n"
	for _, source := range s.Sources {
		for _, target := range source.Targets {
			e := target.LastError
			if e == nil {
				continue
			}
			p.b.WriteString(head)
			head = ""
			text := fmt.Sprintf("%s/%s, %s, %s, %s: %s", source.Name, target.ID, status.Ago(s.At, e.At), ui.Count(e.Records, "record"), e.Class, e.Error)
			p.hang(" ", text)
		}
	}
}

// right aligns the columns from first to last, counted from 1, as numbers.
func right(t table.Writer, first, last int) {
	var config []table.ColumnConfig
	for n := first; n <= last; n++ {
		config = append(config, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(config)
}

// number writes a count that may be unknown.
func number(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
