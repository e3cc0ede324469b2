package target

import (
	"fmt"
	"slices"
	"strings"
)

// consumed returns the stream of an enhanced fan-out consumer, if source is the ARN of a
// consumer.
func consumed(source string) (stream string, ok bool) {
	stream, _, ok = strings.Cut(source, "/consumer/")
	return stream, ok
}

// streamTable returns the ARN of the table that a DynamoDB stream belongs to.
func streamTable(source string) (table string, ok bool) {
	table, _, ok = strings.Cut(source, "/stream/")
	return table, ok && strings.Contains(table, ":dynamodb:")
}

// FormerStream describes targets for another stream of the table that source's stream
// belongs to. It returns "" if there are none. Disabling and enabling a stream changes its
// ARN, but its targets keep the old one.
func FormerStream(source string, all []Loaded) string {
	table, ok := streamTable(source)
	if !ok {
		return ""
	}
	var former string
	var ids []string
	for i := range all {
		s := &all[i].Spec
		if t, ok := streamTable(s.SourceARN); ok && t == table && s.SourceARN != source && (former == "" || s.SourceARN == former) {
			former = s.SourceARN
			ids = append(ids, fmt.Sprintf("%q", s.ID))
		}
	}
	if ids == nil {
		return ""
	}
	slices.Sort(ids)
	return fmt.Sprintf("the sourceArn of %s names another stream of the table, %s; correct it", strings.Join(ids, ", "), former)
}

// maxSources limits the sources in the text.
const maxSources = 5

// sourcesOf lists the sources of all, in their order. It returns "" if there are none.
func sourcesOf(all []Loaded) string {
	var sources []string
	for i := range all {
		if s := all[i].Spec.SourceARN; s != "" && !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	switch n := len(sources); {
	case n == 0:
		return ""
	case n > maxSources:
		return fmt.Sprintf("it has targets for %s and %d more sources", strings.Join(sources[:maxSources-1], ", "), n-maxSources+1)
	}
	return "it has targets for " + strings.Join(sources, ", ")
}
