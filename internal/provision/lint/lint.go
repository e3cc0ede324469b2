// Package lint reports every fault of the targets in a table or a file.
package lint

import (
	"maps"
	"slices"

	"fanout/lambda/target"
)

// Finding is a fault of a target, or a warning.
type Finding struct {
	Source string
	Target string // id; "" if it is about several targets of the source
	Fault  bool   // records fail, or none arrive; otherwise it is a warning
	Text   string // with file and line, for a file

	Line, Column int    // in a file, from 1; 0 for a table
	Bare         string // the text without file and line
}

// Targets returns the findings for targets, the complete list of all sources, in their
// order. function is the name or ARN of the one that reads them; "": unknown. If streams lacks the current stream of a table, targets that use several
// streams of that table get a warning.
func Targets(all []target.Loaded, function string, streams Streams) []Finding {
	var found []Finding
	sources := make(map[string]bool) // whose table's current stream is unknown
	for i := range all {
		l := &all[i]
		say := func(fault bool, f target.Fault) {
			found = append(found, Finding{l.Spec.SourceARN, l.ID, fault, f.Brief(), f.Line, f.Column, f.Bare()})
		}
		grave := l.Spec.Active // inactive targets receive nothing
		for _, f := range l.Faults {
			say(grave, f)
		}
		for _, f := range l.Warnings {
			say(false, f)
		}
		links(l, all, function, say)
		if len(l.Faults) == 0 {
			useless(l, say)
		}
		former, known := streams.Former(l.Spec.SourceARN)
		if former != "" {
			say(grave, l.Fault("sourceArn", "%s", former))
		}
		if !known {
			sources[l.Spec.SourceARN] = true
		}
	}
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		if former := target.FormerStream(source, all); former != "" {
			text := former + ", with fanout export and fanout apply --prune, unless this stream is the former one"
			i := slices.IndexFunc(all, func(l target.Loaded) bool { return l.Spec.SourceARN == source })
			at := all[i].Fault("sourceArn", "%s", text)
			found = append(found, Finding{Source: source, Text: text, Line: at.Line, Column: at.Column, Bare: text})
		}
	}
	return found
}
