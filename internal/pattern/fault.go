package pattern

import (
	"fmt"
	"strings"

	"fanout/engine/plain"
)

// Fault is a mistake in a pattern.
type Fault struct {
	Place string // the path to it, such as data.total[0].numeric; "" for the whole pattern
	Text  string // the mistake, and its remedy
}

// Error returns the fault as one sentence.
func (f Fault) Error() string {
	if f.Place == "" {
		return f.Text
	}
	return f.Place + ": " + f.Text
}

// Faults are all the mistakes in a pattern.
type Faults []Fault

// Error returns the faults as a sentence each.
func (f Faults) Error() string {
	sentences := make([]string, len(f))
	for i := range f {
		sentences[i] = f[i].Error()
	}
	return strings.Join(sentences, "; ")
}

func (c *compiler) fault(at, format string, args ...any) {
	c.faults = append(c.faults, Fault{at, fmt.Sprintf(format, args...)})
}

// Place returns the place of a member of the object at a place.
func Place(at, name string) string {
	name = brief(name)
	if strings.ContainsAny(name, ` ."'[]`) || name == "" {
		name = fmt.Sprintf("%q", name)
	}
	if at == "" {
		return name
	}
	return at + "." + name
}

// element returns the place of an element of the list at a place.
func element(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }

// brief returns the text for a fault: on one line, and not too long.
func brief(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return plain.Line(s)
}
