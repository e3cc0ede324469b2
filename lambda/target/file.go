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
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"fanout/engine/plain"
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

// parseFile reads the targets of every source.
func (c *Catalog) parseFile(path string, data []byte) ([]Loaded, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // a byte order mark
	if json.Valid(data) {
		data = asYAML(data)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		line, text := explain(err)
		if n := faultyLine(data); n > 0 {
			line = fmt.Sprintf(":%d", n)
		}
		return nil, fmt.Errorf("%s%s: the file is neither YAML nor JSON: %s%s", path, line, text, quoting(text))
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("%s is empty; write targets: and a list of targets", path)
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: is not a mapping; write targets: and a list of targets", path, top.Line)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == "targets" {
			return c.parseTargets(path, resolve(top.Content[i+1]))
		}
	}
	return nil, fmt.Errorf("%s: has no targets; write targets: and a list of targets", path)
}

func (c *Catalog) parseTargets(path string, list *yaml.Node) ([]Loaded, error) {
	if list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s:%d: targets is not a list; begin each target with a dash", path, list.Line)
	}
	type key struct{ source, id string }
	first := make(map[key]int) // line of the first use
	var all []Loaded
	for i, n := range list.Content {
		label := fmt.Sprintf("targets[%d]", i)
		l := c.parseTarget(path, label, resolve(n))
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

// parseTarget reads one target.
func (c *Catalog) parseTarget(path, label string, n *yaml.Node) Loaded {
	where := fmt.Sprintf("%s:%d", path, n.Line)
	broken := func(where, text string) Loaded {
		return Loaded{ID: label, Spec: sinks.Spec{Active: true}, Faults: []Fault{{Where: where, Target: label, Text: text}}}
	}
	if n.Kind != yaml.MappingNode {
		return broken(where, "is not a mapping; write its attributes as name: value")
	}
	var nodes map[string]yaml.Node // also resolves merges and rejects duplicates
	if err := n.Decode(&nodes); err != nil {
		line, text := explain(err)
		return broken(path+line, text)
	}
	attrs := make(Values, len(nodes))
	for name, v := range nodes {
		attrs[name] = scalar(resolve(&v))
	}
	l := c.read(attrs, label, path)
	l.Path = path
	for i := range l.Faults {
		if f := &l.Faults[i]; f.line == 0 {
			f.Where, f.line = where, n.Line // for a missing attribute
		}
	}
	sortFaults(l.Faults)
	return l
}

// sortFaults sorts faults by line.
func sortFaults(all []Fault) {
	slices.SortStableFunc(all, func(a, b Fault) int { return cmp.Compare(a.line, b.line) })
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// scalar converts a node to a Value.
func scalar(n *yaml.Node) Value {
	v := Value{Text: n.Value, Line: n.Line}
	switch n.Kind {
	case yaml.SequenceNode:
		v.Kind, v.Text = List, asJSON(plainNode(n, 0))
		return v
	case yaml.MappingNode:
		v.Kind, v.Text = Map, asJSON(plainNode(n, 0))
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
func plainNode(n *yaml.Node, level int) (value any, ok bool) {
	if level > maxLevels {
		return nil, false
	}
	switch n = resolve(n); n.Kind {
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i := range n.Content {
			if list[i], ok = plainNode(n.Content[i], level+1); !ok {
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
			if object[name], ok = plainNode(n.Content[i+1], level+1); !ok {
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

// jsonEscapes matches escapes of JSON strings. A run of \u escapes matches as a whole. It is
// compiled when it is needed, because most starts of the function do not.
var jsonEscapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\.`) })

// asYAML rewrites JSON that YAML reads differently: tabs between tokens, escaped slashes
// and surrogate pairs. Line numbers stay the same.
func asYAML(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	if bytes.IndexByte(data, '\\') < 0 {
		return data
	}
	return jsonEscapes().ReplaceAllFunc(data, func(escape []byte) []byte {
		switch escape[1] {
		case '/':
			return escape[1:]
		case 'u':
			var s string
			if json.Unmarshal(slices.Concat([]byte(`"`), escape, []byte(`"`)), &s) == nil {
				if b, err := json.Marshal(s); err == nil {
					return []byte(plain.Line(string(b[1 : len(b)-1]))) // YAML rejects control characters
				}
			}
		}
		return escape
	})
}

// yamlLine matches the place in an error of the YAML package.
var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:yaml: )?line (\d+): `) })

// explain splits an error of the YAML package into :line, if present, and text.
func explain(err error) (line, text string) {
	text = err.Error()
	if types, ok := errors.AsType[*yaml.TypeError](err); ok && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	if m := yamlLine().FindStringSubmatch(text); m != nil {
		return ":" + m[1], text[len(m[0]):]
	}
	return "", strings.TrimPrefix(text, "yaml: ")
}

// quoting says how to write a text that YAML does not take in double quotes, such as
// "\(.a)" in a jq program.
func quoting(text string) string {
	if text == "found unknown escape character" {
		return "; write a text that has a backslash in single quotes"
	}
	return ""
}
