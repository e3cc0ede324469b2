package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const good = `# comment
x-common: &common
  sourceArn: ` + stream1 + `
  active: true
targets:
  - <<: *common
    id: archive
    type: firehose
    destination: clicks
    batchRecords: 100
  - sourceArn: ` + topic1 + `
    id: archive
    type: file
    destination: '-'
    active: false
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	path := write(t, good)
	f, err := catalog.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string][]string{
		stream1: {"archive firehose true []"}, topic1: {"archive file false []"}, table1: nil,
	} {
		if diff := cmp.Diff(want, shown(t, f, source)); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
	// Changes are seen at the next read.
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(good, "id: archive", "id: store")), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"store firehose true []"}, shown(t, f, stream1)); diff != "" {
		t.Error(diff)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = f.Targets(t.Context(), stream1)
	if want := "the targets file " + path + " cannot be read: no such file or directory"; err == nil || err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Targets(ctx, stream1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func shown(t *testing.T, s Store, source string) (all []string) {
	t.Helper()
	set, err := s.Targets(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range set.Targets {
		all = append(all, fmt.Sprint(l.ID, " ", l.Spec.Type, " ", l.Spec.Active, " ", l.Faults))
	}
	return all
}

// JSON is read too, with tabs or without any white space.
// TestByteOrderMark: some editors write one before the text.
func TestByteOrderMark(t *testing.T) {
	for _, text := range []string{good, "{\n\t\"targets\": [{\"sourceArn\": \"" + stream1 + "\", \"id\": \"archive\", \"type\": \"firehose\", \"destination\": \"clicks\", \"active\": true}]\n}"} {
		f, err := catalog.OpenFile(write(t, "\uFEFF"+text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"archive firehose true []"}, shown(t, f, stream1)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestJSON(t *testing.T) {
	const target = `"sourceArn":"` + stream1 + `","id":"a","type":"es","destination":"https:\/\/h:9200#i","active":true,"inFlight":2,"\ud83d\ude00\u0022":0`
	for _, text := range []string{
		`{"targets":[{` + target + `}]}`,
		"{\n\t\"targets\":\t[\n\t\t{" + strings.ReplaceAll(target, `,"`, ",\n\t\t\"") + "}\n\t]\n}\n",
	} {
		all, err := catalog.parseFile("t.json", []byte(text))
		if err != nil || len(all) != 1 {
			t.Fatalf("%s\ngot %v, %v", text, all, err)
		}
		if l := all[0]; l.Err() != nil || l.Spec.InFlight != 2 || l.Spec.Destination.URL() != "https://h:9200" ||
			len(l.Warnings) != 1 || l.Warnings[0].Attribute != `😀"` {
			t.Errorf("got %+v, %v", l.Spec, l.Err())
		}
	}
}

func TestFileFaults(t *testing.T) {
	const text = `targets:
  - sourceArn: ` + stream1 + `
    id: a
    type: kinesis
    destination: copy
    active: "true"
    externalId: 123
    colour: red
  - sourceArn: ` + stream1 + `
    id: a
    type: kinesis
    destination: copy
    active: true
  - just text
  - sourceArn: nonsense
    id: a
    type: kinesis
    destination: [x]
    active: {}
  - id: b
    id: c
  - sourceArn: ` + stream1 + `
    id: e
    type: kinesis
    destination: copy
    active: TRUE
    region: 2026-01-31
    parallel: ~
    inFlight: 1.5
`
	all, err := catalog.parseFile("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var ids, got []string
	for _, l := range all {
		ids = append(ids, l.ID)
		got = append(got, texts(l.Faults)...)
		got = append(got, texts(l.Warnings)...)
	}
	if diff := cmp.Diff([]string{"a", "a (targets[1])", "targets[2]", "a (targets[3])", "b (targets[4])", "e"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`t.yaml:6: target "a": active: is a string (S); it must be a boolean (BOOL): write true or false`,
		`t.yaml:7: target "a": externalId: is a number (N); it must be a string (S): write a string, in quotes if it looks like a number`,
		`t.yaml:8: target "a": colour: unknown attribute, ignored`,
		`t.yaml:10: target "a": id: is also the id of the target on line 2; write another one`,
		`t.yaml:14: target "targets[2]": is not a mapping; write its attributes as name: value`,
		`t.yaml:15: target "a": sourceArn: "nonsense" is not an ARN; write the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic`,
		`t.yaml:18: target "a": destination: is a list (L); it must be a string (S): write a string, in quotes if it looks like a number`,
		`t.yaml:19: target "a": active: is a map (M); it must be a boolean (BOOL): write true or false`,
		`t.yaml:20: target "b": sourceArn: is missing; write the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic`,
		`t.yaml:20: target "b": type: is missing; write one of sns, sqs, es, opensearch, dynamodb, kinesis, firehose, eventbridge, stepfunctions, iot, lambda, http, memcached, redis, s3, file`,
		`t.yaml:20: target "b": destination: is missing; write where the records go, such as the name or ARN of a queue or stream`,
		`t.yaml:20: target "b": active: is missing; write true or false`,
		`t.yaml:21: target "b": mapping key "id" already defined at line 20`,
		`t.yaml:27: target "e": region: "2026-01-31" is not a region; write one like eu-west-1`,
		`t.yaml:29: target "e": inFlight: is 1.5; write a whole number above zero`,
	}, got); diff != "" {
		t.Error(diff)
	}
}

// A fault has the place of its value, or of the target if an attribute is missing. Escapes
// and tabs of JSON do not move it.
func TestPlaces(t *testing.T) {
	for text, want := range map[string][]string{
		"targets:\n  - {id: \"é\", type: x, active: true}\n": {"2:5 sourceArn", "2:5 destination", "2:21 type"},
		"targets:\n  - id: a\n    lanes: 0\n    lanes: 1":    {"2:5 sourceArn", "2:5 type", "2:5 destination", "2:5 active", "3:12 lanes", "4:5 "},
		"{\"targets\": [\n\t{\"id\": \"\\u00e9\\/\", \"type\":\t\"x\", \"note\": \"\\/\", \"active\": 1,\n\"lanes\": 0}]}": {
			"2:2 sourceArn", "2:2 destination", "2:29 type", "2:58 active", "3:10 lanes",
		},
		"targets: [a]": {"1:11 "},
	} {
		all, err := catalog.parseFile("t.yaml", []byte(text))
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %v, %v", text, all, err)
		}
		var got []string
		for _, f := range all[0].Faults {
			got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Attribute))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, want := range map[string]FileError{
		"":                                 {},
		"targets:\n  x: y":                 {Line: 2, Column: 3},
		"targets:\n  - id: a\n   x: y":     {Line: 3, Column: 4},
		"{\"targets\": [\n  {\"id\" 1}\n]": {Line: 2, Column: 3},
	} {
		_, err := catalog.parseFile("t.yaml", []byte(text))
		if got, ok := errors.AsType[*FileError](err); !ok || got.Line != want.Line || got.Column != want.Column || got.Path != "t.yaml" {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

// A program without quotes is a mapping for YAML.
func TestWithoutQuotes(t *testing.T) {
	for text, want := range map[string]string{
		"transform: {id: .order}": "transform: is a map (M); write a jq program in quotes, such as '{id: .order}'",
		"key: [.a, .b]":           "key: is a list (L); write a jq program in quotes, such as '{id: .order}'",
		"stages: {mark: {}}":      "stages: is a map (M); write a list of stages, such as [{mask: {fields: [iban]}}]",
		"unwrap: [sns]":           "unwrap: is a list (L); write sns, eventbridge or none",
		"view: [EVENT]":           "view: is a list (L); write NEW_IMAGE, OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES or EVENT",
	} {
		line := "- {id: a, type: file, destination: x, active: true, sourceArn: '" + stream1 + "', " + text + "}"
		all, err := catalog.parseFile("t.yaml", []byte("targets:\n"+line))
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %v, %v", text, all, err)
		}
		if diff := cmp.Diff([]string{`t.yaml:2: target "a": ` + want}, texts(all[0].Faults)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// A target with an unreadable source may belong to any source.
func TestUnknownSource(t *testing.T) {
	f, err := catalog.OpenFile(write(t, "targets: [{id: a}, {id: b, sourceArn: x}, 3]"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := f.Targets(t.Context(), stream1)
	if err != nil || len(set.Targets) != 3 {
		t.Errorf("got %+v, %v", set, err)
	}
}

// The sources that a file has are named where another is asked for.
func TestOtherSources(t *testing.T) {
	file := func(n int) (text string) {
		text = "targets:\n"
		for i := range n {
			for _, id := range []string{"a", "b"} {
				text += fmt.Sprintf("  - {sourceArn: %s%d, id: %s, type: kinesis, destination: x, active: true}\n", stream1, i, id)
			}
		}
		return text
	}
	for n, want := range map[int]string{
		0: "",
		1: "it has targets for " + stream1 + "0",
		2: "it has targets for " + stream1 + "0, " + stream1 + "1",
		7: "it has targets for " + stream1 + "0, " + stream1 + "1, " + stream1 + "2, " + stream1 + "3 and 3 more sources",
	} {
		f, err := catalog.OpenFile(write(t, file(n)))
		if err != nil {
			t.Fatal(err)
		}
		set, err := f.Targets(t.Context(), "arn:aws:sns:eu-west-1:123456789012:alerts")
		if err != nil || len(set.Targets) > 0 || set.Elsewhere != want {
			t.Errorf("%d sources: got %+v, %v; want %q", n, set, err, want)
		}
	}
}

func TestFileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "t.yaml: is empty; write targets: and a list of targets",
		"- a":                             "t.yaml:1: is not a mapping; write targets: and a list of targets",
		"target: []":                      "t.yaml: has no targets; write targets: and a list of targets",
		"targets: {a: b}":                 "t.yaml:1: targets is not a list; begin each target with a dash",
		"\n\ntargets: redis://u:p@h":      "t.yaml:3: targets is not a list; begin each target with a dash",
		"targets:\n  - id: a\n   x: y":    "t.yaml:3: the file is neither YAML nor JSON: did not find expected '-' indicator",
		`targets: "\(.a)"`:                "t.yaml:1: the file is neither YAML nor JSON: found unknown escape character; write a text that has a backslash in single quotes",
		"targets: []\n---\ntargets: [a]":  "t.yaml:3: there is a second document, behind the targets; write all targets in one list",
		`{"targets": []} {"targets": []}`: "t.yaml: there is more text behind the targets, which is not read; remove it, or write all targets in one list",
		`{"targets": []} trailing`:        "t.yaml: there is more text behind the targets, which is not read; remove it, or write all targets in one list",
		"targets: []\n...\n{broken":       "t.yaml:2: there is more text behind the targets, which is not read; remove it, or write all targets in one list",
		"targets: []\nx: 1\ntargets: []":  "t.yaml:3: targets is there twice; write all targets in one list",
		"targets: *nothing":               "t.yaml:1: the file is neither YAML nor JSON: unknown anchor 'nothing' referenced",
	} {
		if _, err := catalog.parseFile("t.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q\n got %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"targets:", "targets: []", "targets: null", "---\ntargets: []\n---\n", "targets: []\n...\n# the end\n"} {
		if all, err := catalog.parseFile("t.yaml", []byte(text)); err != nil || len(all) != 0 {
			t.Errorf("%q: got %v, %v", text, all, err)
		}
	}
	if _, err := catalog.OpenFile(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"targets":[{"id":"a","destination":"redis:\/\/u:p@h","active":1}]}`))
	f.Add([]byte("targets: [&a {x: *a}, {<<: *a}, ~, [[]]]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := catalog.parseFile("t.yaml", data)
		if err != nil && len(all) > 0 {
			t.Fatal("both targets and an error")
		}
		seen := make(map[[2]string]bool)
		for _, l := range all {
			if k := [2]string{l.Spec.SourceARN, l.ID}; seen[k] {
				t.Fatalf("%q is there twice", l.ID)
			} else {
				seen[k] = true
			}
		}
	})
}

func ExampleOpenFile() {
	path := filepath.Join(os.TempDir(), "fanout-example-targets.yaml")
	defer os.Remove(path)
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	store, err := catalog.OpenFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := store.Targets(context.Background(), stream1)
	for _, l := range set.Targets {
		fmt.Println(l.ID, l.Spec.Type, l.Spec.Destination, l.Spec.BatchRecords, err)
	}
	// Output: archive firehose clicks 100 <nil>
}
