package target

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"fanout/sinks"
)

// FileStore is a Store in a YAML or JSON file of this form:
//
//	targets:
//	  - sourceArn: arn:aws:kinesis:eu-west-1:123456789012:stream/clicks
//	    id: archive
//	    type: firehose
//	    destination: clicks-archive
//	    active: true
//
// Other top-level members are ignored, so anchors can be defined there.
type FileStore struct {
	catalog *Catalog
	path    string
}

// OpenFile returns the Store in a file. It reads the file to check that it is readable.
func (c *Catalog) OpenFile(path string) (*FileStore, error) {
	f := &FileStore{c, path}
	_, err := f.read()
	return f, err
}

// Targets reads the file and returns the targets of a source. It includes targets with an
// unreadable source, because they may belong to it.
func (f *FileStore) Targets(ctx context.Context, sourceARN string) (Set, error) {
	if err := ctx.Err(); err != nil {
		return Set{}, err
	}
	all, err := f.read()
	if err != nil {
		return Set{}, err
	}
	source := sourceARN
	if stream, ok := consumed(source); ok && !slices.ContainsFunc(all, func(l Loaded) bool { return l.Spec.SourceARN == source }) {
		source = stream
	}
	var set Set
	for _, l := range all {
		if l.Spec.SourceARN == source || l.sourceUnknown() {
			set.Targets = append(set.Targets, l)
		}
	}
	if len(set.Targets) == 0 {
		set.Elsewhere = cmp.Or(FormerStream(sourceARN, all), sourcesOf(all))
	}
	return set, nil
}

// All returns the targets of every source, in the order of the file.
func (f *FileStore) All() ([]Loaded, error) { return f.read() }

func (l *Loaded) sourceUnknown() bool {
	for _, f := range l.Faults {
		if f.Attribute == "sourceArn" || f.Attribute == "" {
			return true
		}
	}
	return false
}

func (f *FileStore) read() ([]Loaded, error) {
	data, err := os.ReadFile(f.path)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // without the path, which the message already starts with
	}
	if err != nil {
		return nil, fmt.Errorf("the targets file %s cannot be read: %w", f.path, err)
	}
	return f.catalog.parseFile(f.path, data)
}

// FileError is a fault of a targets file as a whole.
type FileError struct {
	Path         string
	Line, Column int // from 1; 0 if unknown
	Text         string
}

// Error returns the fault, with file and line.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Text)
}

// parseFile reads the targets of every source.
func (c *Catalog) parseFile(path string, data []byte) ([]Loaded, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // a byte order mark
	var moved []shift
	if json.Valid(data) {
		data, moved = asYAML(data)
	}
	root, err := onlyDocument(path, data)
	if err != nil {
		return nil, err
	}
	restore(root, moved)
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, &FileError{path, top.Line, top.Column, "is not a mapping; write targets: and a list of targets"}
	}
	var list *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		switch key := top.Content[i]; {
		case key.Value != "targets":
		case list != nil:
			return nil, &FileError{path, key.Line, key.Column, "targets is there twice; write all targets in one list"}
		default:
			list = top.Content[i+1]
		}
	}
	if list == nil {
		return nil, &FileError{Path: path, Text: "has no targets; write targets: and a list of targets"}
	}
	return c.parseTargets(path, resolve(list))
}

func (c *Catalog) parseTargets(path string, list *yaml.Node) ([]Loaded, error) {
	if list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, &FileError{path, list.Line, list.Column, "targets is not a list; begin each target with a dash"}
	}
	type key struct{ source, id string }
	first := make(map[key]int) // line of the first use
	var all []Loaded
	left := maxNodes
	for i, n := range list.Content {
		label := fmt.Sprintf("targets[%d]", i)
		l := c.parseTarget(path, label, resolve(n), &left)
		k := key{l.Spec.SourceARN, l.Spec.ID}
		line, taken := first[k]
		if taken && k.id != "" {
			l.Faults = append(l.Faults, l.Fault("id", "is also the id of the target on line %d; write another one", line))
			sortFaults(l.Faults)
		} else {
			first[k] = n.Line
		}
		if l.ID != label && (taken || l.sourceUnknown()) {
			l.ID = fmt.Sprintf("%s (%s)", l.ID, label) // a Set may contain both targets
		}
		all = append(all, l)
	}
	return all, nil
}

// maxNodes bounds the lists and mappings of a file once aliases are replaced: aliases of aliases
// grow without end. A filter has a few hundred nodes.
const maxNodes = 1_000_000

// parseTarget reads one target. left is the number of nodes that the file may still have.
func (c *Catalog) parseTarget(path, label string, n *yaml.Node, left *int) Loaded {
	where := fmt.Sprintf("%s:%d", path, n.Line)
	fault := func(id, where string, line, column int, text string) Fault {
		return Fault{Where: where, Line: line, Column: column, Target: id, Text: text}
	}
	broken := func(where string, line, column int, text string) Loaded {
		return Loaded{ID: label, Spec: sinks.Spec{Active: true}, Faults: []Fault{fault(label, where, line, column, text)}}
	}
	if n.Kind != yaml.MappingNode {
		return broken(where, n.Line, n.Column, "is not a mapping; write its attributes as name: value")
	}
	n, again := unique(n)
	var nodes map[string]yaml.Node // also resolves merges
	if err := n.Decode(&nodes); err != nil {
		line, text := explain(err)
		number, _ := strconv.Atoi(strings.TrimPrefix(line, ":"))
		return broken(path+line, cmp.Or(number, n.Line), 1, text)
	}
	attrs := make(Values, len(nodes))
	for name, v := range nodes {
		attrs[name] = scalar(resolve(&v), left)
	}
	l := c.read(attrs, label, path)
	l.Path = path
	for _, key := range again {
		at := fmt.Sprintf("%s:%d", path, key.Line)
		l.Faults = append(l.Faults, fault(l.ID, at, key.Line, key.Column, fmt.Sprintf("mapping key %q already defined at line %d", key.Value, key.first)))
	}
	for i := range l.Faults {
		if f := &l.Faults[i]; f.Line == 0 {
			f.Where, f.Line, f.Column = where, n.Line, n.Column // for a missing attribute
		}
	}
	sortFaults(l.Faults)
	return l
}

// repeated is a key that a mapping has before.
type repeated struct {
	*yaml.Node
	first int // line of the first use
}

// unique returns a mapping without keys that it has before, and these keys.
func unique(n *yaml.Node) (*yaml.Node, []repeated) {
	first := make(map[string]int)
	var again []repeated
	out := *n
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		line, seen := first[key.Value]
		if seen && key.Kind == yaml.ScalarNode {
			again = append(again, repeated{key, line})
			continue
		}
		first[key.Value] = key.Line
		out.Content = append(out.Content, key, n.Content[i+1])
	}
	return &out, again
}

// sortFaults sorts faults by their place.
func sortFaults(all []Fault) {
	slices.SortStableFunc(all, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// scalar converts a node to a Value.
func scalar(n *yaml.Node, left *int) Value {
	v := Value{Text: n.Value, Line: n.Line, Column: n.Column}
	switch n.Kind {
	case yaml.SequenceNode:
		v.Kind, v.Text = List, asJSON(plainNode(n, 0, left))
		return v
	case yaml.MappingNode:
		v.Kind, v.Text = Map, asJSON(plainNode(n, 0, left))
		return v
	default:
	}
	switch n.ShortTag() {
	case "!!bool":
		v.Kind, v.Text = Bool, strings.ToLower(n.Value)
	case "!!int", "!!float":
		v.Kind = Number
	case "!!null":
		v.Kind = Null
	default:
		v.Kind = String
	}
	return v
}

// plainNode converts a node to a value of JSON. Numbers keep every digit.
func plainNode(n *yaml.Node, level int, left *int) (value any, ok bool) {
	if *left--; level > maxLevels || *left < 0 {
		return nil, false
	}
	switch n = resolve(n); n.Kind {
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i := range n.Content {
			if list[i], ok = plainNode(n.Content[i], level+1, left); !ok {
				return nil, false
			}
		}
		return list, true
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if _, again := object[name]; again {
				return nil, false
			}
			if object[name], ok = plainNode(n.Content[i+1], level+1, left); !ok {
				return nil, false
			}
		}
		return object, true
	default:
	}
	switch tag := n.ShortTag(); {
	case (tag == "!!int" || tag == "!!float") && json.Valid([]byte(n.Value)):
		return json.Number(n.Value), true
	case tag == "!!timestamp":
		return n.Value, true
	}
	return value, n.Decode(&value) == nil
}
