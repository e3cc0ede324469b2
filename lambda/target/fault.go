package target

import (
	"fmt"

	"fanout/engine/plain"
)

// Fault is a problem with one attribute of one target. Its text describes the problem and
// the fix. It never contains a secret.
type Fault struct {
	Where     string // file and line; "" for a table
	Target    string // id
	Attribute string // "" for the whole target
	Text      string

	Line, Column int // in the file, from 1; 0 if unknown
}

// Error returns the fault as one sentence.
func (f Fault) Error() string {
	return f.sentence(fmt.Sprintf("target %q: ", f.Target))
}

// Brief returns the fault without the target's id, for contexts that already name it.
func (f Fault) Brief() string { return f.sentence("") }

// Bare returns the fault without the target's id and without file and line.
func (f Fault) Bare() string {
	f.Where = ""
	return f.sentence("")
}

func (f Fault) sentence(target string) string {
	s := target
	if f.Where != "" {
		s = f.Where + ": " + s
	}
	if f.Attribute != "" {
		s += plain.Line(f.Attribute) + ": " // the name of an unknown attribute may contain any text
	}
	return s + f.Text
}
