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

	"go.yaml.in/yaml/v3"

	"fanout/engine/plain"
)

// FileStore is a Store in a YAML or JSON file, of this form:
//
//	targets:
//	  - sourceArn: arn:aws:kinesis:eu-west-1:123456789012:stream/clicks
//	    id: archive
//	    type: firehose
//	    destination: clicks-archive
//	    active: true
//
// Other members beside targets are ignored, so anchors have a place to stand.
type FileStore struct{ path string }

// OpenFile returns the Store in a file, which it reads to see that it can be.
func OpenFile(path string) (*FileStore, error) {
	f := &FileStore{path}
	_, err := f.read()
	return f, err
}

// Targets reads the file and returns the targets of a source, and those whose
// source cannot be told, which may be meant for it.
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
		err = pe.Err // without the path, which comes before it
	}
	if err != nil {
		return nil, fmt.Errorf("the targets file %s cannot be read: %w", f.path, err)
	}
	return parseFile(f.path, data)
}

// parseFile reads the targets of every source.
func parseFile(path string, data []byte) ([]Loaded, error) {
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
		return nil, fmt.Errorf("%s%s: the file is neither YAML nor JSON: %s", path, line, text)
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
			return parseTargets(path, resolve(top.Content[i+1]))
		}
	}
	return nil, fmt.Errorf("%s: has no targets; write targets: and a list of targets", path)
}

func parseTargets(path string, list *yaml.Node) ([]Loaded, error) {
	if list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s:%d: targets is not a list; begin each target with a dash", path, list.Line)
	}
	type key struct{ source, id string }
	first := make(map[key]int) // line
	var all []Loaded
	for i, n := range list.Content {
		label := fmt.Sprintf("targets[%d]", i)
		l := parseTarget(path, label, resolve(n))
		k := key{l.Spec.SourceARN, l.Spec.ID}
		line, taken := first[k]
		if taken && k.id != "" {
			l.Faults = append(l.Faults, l.Fault("id", "is that of the target on line %d too; write another", line))
			sortFaults(l.Faults)
		} else {
			first[k] = n.Line
		}
		if l.ID != label && (taken || l.sourceUnknown()) {
			l.ID = fmt.Sprintf("%s (%s)", l.ID, label) // it may stand beside the other in a Set
		}
		all = append(all, l)
	}
	return all, nil
}

// parseTarget reads one target.
func parseTarget(path, label string, n *yaml.Node) Loaded {
	where := fmt.Sprintf("%s:%d", path, n.Line)
	broken := func(where, text string) Loaded {
		return Loaded{ID: label, Spec: Spec{Active: true}, Faults: []Fault{{Where: where, Target: label, Text: text}}}
	}
	if n.Kind != yaml.MappingNode {
		return broken(where, "is not a mapping; write its attributes as name: value")
	}
	var nodes map[string]yaml.Node // also resolves merges, and refuses what is there twice
	if err := n.Decode(&nodes); err != nil {
		line, text := explain(err)
		return broken(path+line, text)
	}
	attrs := make(Values, len(nodes))
	for name, v := range nodes {
		attrs[name] = scalar(resolve(&v))
	}
	l := read(attrs, label, path)
	l.Path = path
	for i := range l.Faults {
		if f := &l.Faults[i]; f.line == 0 {
			f.Where, f.line = where, n.Line // of what is not there
		}
	}
	sortFaults(l.Faults)
	return l
}

// sortFaults puts faults in the order of their lines.
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

// scalar makes a Value of a node.
func scalar(n *yaml.Node) Value {
	v := Value{Text: n.Value, Line: n.Line}
	switch n.Kind {
	case yaml.SequenceNode:
		v.Kind = "L"
		return v
	case yaml.MappingNode:
		v.Kind = "M"
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

// jsonEscapes are the escapes of JSON strings, those of one text together.
var jsonEscapes = regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\.`)

// asYAML rewrites what YAML reads differently in JSON: tabs between the tokens,
// escaped slashes and surrogate pairs. Lines stay where they are.
func asYAML(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	return jsonEscapes.ReplaceAllFunc(data, func(escape []byte) []byte {
		switch escape[1] {
		case '/':
			return escape[1:]
		case 'u':
			var s string
			if json.Unmarshal(slices.Concat([]byte(`"`), escape, []byte(`"`)), &s) == nil {
				if b, err := json.Marshal(s); err == nil {
					return []byte(plain.Line(string(b[1 : len(b)-1]))) // YAML takes no control characters
				}
			}
		}
		return escape
	})
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// explain parts an error of the YAML package into :line, if it has one, and text.
func explain(err error) (line, text string) {
	text = err.Error()
	if types, ok := errors.AsType[*yaml.TypeError](err); ok && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		return ":" + m[1], text[len(m[0]):]
	}
	return "", strings.TrimPrefix(text, "yaml: ")
}
