package target

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"fanout/sinks"
	"fanout/stages"
)

// Catalog holds the types of targets and of stages that a program knows.
type Catalog struct {
	Types  []*sinks.Type // in the order of the documentation
	Stages []*stages.Type
}

// Check returns the faults of types that come from outside: a missing name or function,
// and a name that another has.
func (c *Catalog) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	names := make(map[string]bool)
	for _, t := range c.Types {
		switch {
		case t == nil || t.Name == "" || t.Parse == nil || t.Open == nil:
			fault("the type of target %q is incomplete; set Name, Parse and Open", t)
			continue
		case names[t.Name]:
			fault("two target types have the name %q; rename yours", t.Name)
		}
		names[t.Name] = true
		for _, alias := range t.Aliases {
			names[alias] = true
		}
	}
	clear(names)
	for _, t := range c.Stages {
		switch {
		case t == nil || t.Name == "" || t.New == nil:
			fault("a stage is incomplete; set Name and New")
			continue
		case t.Place > stages.Bound:
			fault("the stage %q has the unknown place %d; use a place from package stages", t.Name, t.Place)
		case names[t.Name]:
			fault("two stages have the name %q; rename yours", t.Name)
		}
		names[t.Name] = true
	}
	return errors.Join(faults...)
}

// Type returns the type for a value of the type attribute, or nil if there is none.
func (c *Catalog) Type(name string) *sinks.Type {
	for _, t := range c.Types {
		if t.Name == name || slices.Contains(t.Aliases, name) {
			return t
		}
	}
	return nil
}

// TypeNames returns the values of the type attribute.
func (c *Catalog) TypeNames() []string {
	var names []string
	for _, t := range c.Types {
		names = append(append(names, t.Name), t.Aliases...)
	}
	return names
}

// Read builds a target from its attributes and finds all their faults. A target without an
// id is called label. An optional attribute that is null or empty counts as missing.
func (c *Catalog) Read(attrs Values, label string) Loaded { return c.read(attrs, label, "") }

// With lists the types that have a trait, for a sentence: "iot, sns and sqs".
func (c *Catalog) With(has func(*sinks.Type) bool) string {
	var names []string
	for _, t := range c.Types {
		if has(t) {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

// parse parses a destination.
func parse(t *sinks.Type, text string) (sinks.Destination, error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return sinks.Destination{}, errors.New("has a control character; remove it")
	}
	return t.Parse(text)
}
