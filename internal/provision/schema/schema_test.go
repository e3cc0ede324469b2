package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"fanout/extra/kafka"
	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..", "..")

// catalog holds the types that the command knows.
func catalog(t *testing.T) *target.Catalog {
	t.Helper()
	c, err := lambda.CatalogWith(kafka.CommandOnly()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Of(catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("targets.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("targets.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate validates YAML, or JSON, as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

var yamlBlock = regexp.MustCompile("(?s)```(?:yaml|json)\n(.*?)```")

var hasTargets = regexp.MustCompile(`(?m)^targets:`)

// Every targets file of the repository, and every one in its documents, is valid.
func TestRepository(t *testing.T) {
	s := compile(t)
	files, blocks := 0, 0
	for _, folder := range []string{"examples", "docs", "integration"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if strings.Contains(path, filepath.Join("examples", "extension")) || filepath.Base(path) == "extending.md" {
				return nil // has a type and a stage of its own
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch filepath.Ext(path) {
			case ".yaml", ".yml":
				if !hasTargets.Match(text) {
					return nil
				}
				files++
				if err := validate(t, s, text); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			case ".md":
				for _, m := range yamlBlock.FindAllSubmatch(text, -1) {
					if hasTargets.Match(m[1]) {
						blocks++
						if err := validate(t, s, m[1]); err != nil {
							t.Errorf("%s: %v in\n%s", path, err, m[1])
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 15 || blocks < 4 {
		t.Errorf("only %d files and %d blocks were validated", files, blocks)
	}
}

// The schema beside the examples is the one that the command prints.
func TestGolden(t *testing.T) {
	const file = "examples/targets/schema.json"
	got, err := Of(catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(root, file))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what fanout schema prints; run: go run ./cmd/fanout schema > %s (%v)", file, file, err)
	}
}

// Every attribute is described.
func TestDescriptions(t *testing.T) {
	n := 0
	for _, a := range target.Attributes() {
		if descriptions[a.Name] == "" {
			t.Errorf("%s has no description", a.Name)
		}
		n++
	}
	if n != len(descriptions) {
		t.Errorf("%d descriptions of %d attributes", len(descriptions), n)
	}
}

// Whole files that the schema refuses, with a part of the reason.
func TestRefused(t *testing.T) {
	s := compile(t)
	good := "sourceArn: arn:aws:kinesis:eu-west-1:123456789012:stream/orders\n    id: a\n    type: sqs\n    destination: arn:aws:sqs:eu-west-1:123456789012:q\n    active: true\n"
	if err := validate(t, s, []byte("targets:\n  - "+good)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"target: []":  "missing property 'targets'",
		"targets: {}": "got object, want array",
		"[]":          "got array, want object",
		"targets:\n  - " + good + "    actve: true":                                     "additional properties 'actve' not allowed",
		"targets:\n  - " + strings.Replace(good, "active: true", "active: \"true\"", 1): "got string, want boolean",
		"targets:\n  - " + strings.Replace(good, "type: sqs", "type: pigeon", 1):        "value must be one of",
		"targets:\n  - " + strings.Replace(good, ":sqs:", ":sns:", 1):                   "does not match pattern",
		"targets:\n  - " + good + "    externalId: abc":                                 "properties 'role' required, if 'externalId' exists",
		"targets:\n  - " + good + "    compress: gzip":                                  "value must be 'none'",
		"targets:\n  - " + good + "    ttl: 5":                                          "false schema",
		"targets:\n  - " + good + "    stages: [mask]":                                  "false schema",
	} {
		if err := validate(t, s, []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis refused with %v, want %s", text, err, want)
		}
	}
}

// sources has a source of each service.
var sources = map[string]string{
	"kinesis": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "dynamodb": "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000",
	"sns": "arn:aws:sns:eu-west-1:123456789012:alerts", "sqs": "arn:aws:sqs:eu-west-1:123456789012:jobs", "fifo": "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo",
}

// ofSource are attributes that depend on the source.
var ofSource = []string{"sourceArn", "decompress", "deaggregate", "convertDDB", "view", "envelope", "unwrap", "parallel"}

// samples returns values of an attribute, right and wrong ones.
func samples(a *target.Attribute) []any {
	all := []any{true, false, 1, 0, -1, 1.5, 4, 32, 33, 1 << 31, "nonsense", []any{"a"}, map[string]any{"a": []any{"b"}}, map[string]any{"a": "b"}, "1h", "-1h", "90", "0", "1.5h30m"}
	for _, w := range a.Words {
		all = append(all, w)
	}
	switch a.Name {
	case "sourceArn":
		for _, s := range sources {
			all = append(all, s, s+"/consumer/c:1", s+" ", strings.Replace(s, "123456789012", "1", 1))
		}
	case "role":
		all = append(all, "arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:user/r", "arn:aws:iam:eu-west-1:123456789012:role/r")
	case "region":
		all = append(all, "eu-west-1", "euwest", "eu-west-", "EU-WEST-1")
	case "secret":
		all = append(all, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s", "arn:aws:secretsmanager:eu-west-1:123456789012:s")
	}
	return all
}

// The schema refuses a value of an attribute exactly where the checks of the function find a
// fault, or warn that it has no effect: for every type, every service and every attribute.
func TestSameAsChecks(t *testing.T) {
	s, c := compile(t), lambda.Builtin()
	compared, refused := 0, 0
	for _, typ := range c.Types {
		for service, source := range sources {
			var targets []map[string]any
			var tried []target.Attribute
			for _, a := range target.Attributes() {
				switch {
				case a.Name == "type" || a.Name == "destination" || a.Name == "id":
					continue // TestRefused, TestDestinationExamples, and the ids tell the samples apart
				case service != "kinesis" && !slices.Contains(ofSource, a.Name):
					continue
				}
				for _, v := range samples(&a) {
					attrs := map[string]any{"sourceArn": source, "id": fmt.Sprint(len(targets)), "type": typ.Name, "destination": typ.Examples[0], "active": true}
					settle(attrs, a.Name, typ)
					attrs[a.Name] = v
					targets, tried = append(targets, attrs), append(tried, a)
				}
			}
			for i, l := range load(t, c, targets) {
				name := tried[i].Name
				why := findings(&l, name)
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(marshal(t, map[string]any{"targets": targets[i : i+1]})))
				if err != nil {
					t.Fatal(err)
				}
				err = s.Validate(doc)
				compared++
				if err != nil {
					refused++
				}
				if (err != nil) != (why != "") && !inexpressible(name, why) {
					t.Errorf("%s of %s: %s: %v: the checks say %q, the schema %v", typ, source, name, targets[i][name], why, err)
				}
			}
		}
	}
	if compared < 6000 || refused < 1000 || refused > compared*9/10 {
		t.Errorf("%d of %d values were refused", refused, compared)
	}
}

// settle adds the attributes without which another has no effect.
func settle(attrs map[string]any, attribute string, typ *sinks.Type) {
	switch {
	case !typ.HTTP:
	case attribute == "role" || attribute == "externalId" || attribute == "region":
		attrs["auth"] = sinks.AuthSigV4
	case attribute == "secret":
		attrs["auth"] = sinks.AuthBearer
	}
	switch attribute {
	case "lanes", "order":
		attrs["parallel"] = false
		if typ.Collapse {
			attrs["collapse"] = "none"
		}
	case "maxAge":
		attrs["onFailure"] = "other"
	case "externalId":
		if !typ.NoAWS {
			attrs["role"] = "arn:aws:iam::123456789012:role/r"
		}
	case "transformOutput":
		attrs["transform"] = "."
	case "subject", "attributes", "group":
		attrs["collapse"] = "none"
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// load reads targets as the function does.
func load(t *testing.T, c *target.Catalog, targets []map[string]any) []target.Loaded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.json")
	if err := os.WriteFile(file, marshal(t, map[string]any{"targets": targets}), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := c.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := store.All()
	if err != nil || len(all) != len(targets) {
		t.Fatal(len(all), err)
	}
	return all
}

// findings returns the faults and warnings about an attribute.
func findings(l *target.Loaded, attribute string) string {
	var why []string
	for _, f := range slices.Concat(l.Faults, l.Warnings) {
		if f.Attribute == attribute {
			why = append(why, f.Text)
		}
	}
	return strings.Join(why, "\n")
}

// inexpressible reports whether a finding is about the content of a program or a pattern,
// which a schema does not read.
func inexpressible(attribute, why string) bool {
	switch attribute {
	case "transform", "key":
		return strings.HasPrefix(why, "line 1, column ")
	case "appendNewlines":
		return strings.Contains(why, "a function gets DynamoDB images") // type and source together
	case "filter":
		return strings.Contains(why, "record has no such field")
	}
	return false
}
