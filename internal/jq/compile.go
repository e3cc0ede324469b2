package jq

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"fanout/engine/plain"
)

// maxProgram is the maximum length of a program, in bytes.
const maxProgram = 32 << 10

// Fault is a mistake in a program.
type Fault struct {
	Offset int    // in the program, in bytes
	Place  string // such as "line 1, column 7"
	Text   string // the mistake, and its remedy if it has one
}

// Error returns the fault as one sentence.
func (f Fault) Error() string { return f.Place + ": " + f.Text }

// Faults are all the mistakes in a program.
type Faults []Fault

// Error returns the faults as a sentence each.
func (f Faults) Error() string {
	all := make([]string, len(f))
	for i := range f {
		all[i] = f[i].Error()
	}
	return strings.Join(all, "; ")
}

// faultAt returns a fault at an offset of a text.
func faultAt(text string, offset int, format string, args ...any) Fault {
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return Fault{offset, fmt.Sprintf("line %d, column %d", line, column), fmt.Sprintf(format, args...)}
}

// Compile compiles a program. Its error is Faults.
func Compile(text string) (*Program, error) {
	if p := inUse(text); p != nil {
		return p, nil
	}
	switch {
	case len(text) > maxProgram:
		return nil, Faults{faultAt(text, maxProgram, "the program is longer than %d bytes; write a shorter one", maxProgram)}
	case strings.TrimSpace(text) == "":
		return nil, Faults{faultAt(text, 0, "the program is empty; write one such as .detail")}
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, Faults{syntaxFault(text, err)}
	}
	p := &Program{text: text, path: simplePath(strings.TrimSpace(text)), query: query}
	if faults := p.build(); len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b Fault) int { return a.Offset - b.Offset })
		return nil, faults
	}
	return intern(p), nil
}

// build rewrites the program, and compiles it once.
func (p *Program) build() (faults Faults) {
	defer func() {
		if recover() != nil {
			faults = Faults{faultAt(p.text, 0, "gojq cannot compile the program; write it in another way")}
		}
	}()
	w := rewriter{program: p}
	w.query(p.query, false)
	if len(w.faults) > 0 {
		return w.faults
	}
	m, err := p.machine()
	if err != nil {
		return Faults{unknownFault(p.text, err)}
	}
	p.machines.Put(m)
	return nil
}

// syntaxFault is the fault of a program that is not jq.
func syntaxFault(text string, err error) Fault {
	wrong, ok := errors.AsType[*gojq.ParseError](err)
	switch {
	case !ok:
		return faultAt(text, 0, "is not a jq program: %s", plain.Line(err.Error()))
	case err.Error() == "unexpected EOF":
		return faultAt(text, len(text), "%s", endsEarly)
	}
	return faultAt(text, wrong.Offset-len(wrong.Token), "%s", plain.Line(err.Error()))
}

const endsEarly = "the program ends too early"

// unknownFault is the fault of a program with a name that gojq does not know. gojq
// reports the first one: "function not defined: name/1", and likewise for variables and
// labels.
func unknownFault(text string, err error) Fault {
	message := err.Error()
	kind, name, found := strings.Cut(message, " not defined: ")
	if !found {
		return faultAt(text, 0, "%s", plain.Line(message))
	}
	name = strings.TrimPrefix(name, "%")
	word, arguments, _ := strings.Cut(name, "/")
	hint := ""
	if kind == "function" && arguments == "0" {
		hint = "; a field has a dot: ." + plain.Line(word)
	}
	return faultAt(text, find(text, word), "there is no %s %s%s", kind, plain.Line(name), hint)
}

// find returns the offset of a word in a program, outside of comments and strings. A
// field name is no match.
func find(text, word string) int {
	var inside []byte // '"' for a string, '(' for code in it, and for other parentheses
	for i := 0; i < len(text); i++ {
		c := text[i]
		inString := len(inside) > 0 && inside[len(inside)-1] == '"'
		switch {
		case inString && c == '\\' && i+1 < len(text):
			if i++; text[i] == '(' {
				inside = append(inside, '(')
			}
		case c == '"' && inString, c == ')' && len(inside) > 0 && !inString:
			inside = inside[:len(inside)-1]
		case inString:
		case c == '"' || c == '(':
			inside = append(inside, c)
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case strings.HasPrefix(text[i:], word) && !isName(text, i-1, "_.$@") && !isName(text, i+len(word), "_"):
			return i
		}
	}
	return 0
}

// isName reports whether a byte of text is a letter, a digit or one of others.
func isName(text string, i int, others string) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	c := text[i]
	return strings.IndexByte(others, c) >= 0 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
