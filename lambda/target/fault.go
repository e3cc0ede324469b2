package target

import (
	"fmt"

	"fanout/engine/plain"
)

// Fault is something wrong with one attribute of one target. Its text says what,
// and what to write instead; it never has a secret in it.
type Fault struct {
	Where     string // file and line; "" for a table
	Target    string // id
	Attribute string // "" for the target as a whole
	Text      string

	line int // in the file; 0 if unknown
}

// Error returns the fault as one sentence.
func (f Fault) Error() string {
	return f.sentence(fmt.Sprintf("target %q: ", f.Target))
}

// Brief returns the fault without the target's id, for where that has been said.
func (f Fault) Brief() string { return f.sentence("") }

func (f Fault) sentence(target string) string {
	s := target
	if f.Where != "" {
		s = f.Where + ": " + s
	}
	if f.Attribute != "" {
		s += plain.Line(f.Attribute) + ": " // of an attribute that is unknown, its name may be anything
	}
	return s + f.Text
}
