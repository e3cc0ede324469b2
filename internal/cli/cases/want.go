package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseWant reads what targets must get.
func parseWant(data []byte) (map[string]*received, error) {
	var v, more any
	d := yaml.NewDecoder(bytes.NewReader(data))
	err := d.Decode(&v)
	if err == nil {
		if next := d.Decode(&more); next == nil {
			return nil, errors.New("has a second document, which would not be read; write all targets in one")
		} else if !errors.Is(next, io.EOF) {
			err = next
		}
	}
	if err != nil && !errors.Is(err, io.EOF) { // an empty file wants nothing
		return nil, notYAML(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, errNotJSON
	}
	want := make(map[string]*received)
	j := json.NewDecoder(bytes.NewReader(text))
	j.DisallowUnknownFields()
	if err := j.Decode(&want); err != nil {
		return nil, fmt.Errorf("does not have the form that --update writes: %s", inWords(err))
	}
	for id := range want {
		if want[id] == nil {
			want[id] = new(received)
		}
	}
	return want, nil
}

var errNotJSON = errors.New("has a value that is not of JSON")

// notYAML returns the fault of a file that YAML does not read. An error without a line has
// names of Go's types.
func notYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if types, ok := errors.AsType[*yaml.TypeError](err); ok && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	if !strings.HasPrefix(text, "line ") {
		return errNotJSON
	}
	return errors.New("is not YAML: " + text)
}

// inWords says what is wrong with a file without the names of Go's types.
func inWords(err error) string {
	if field, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return "there is no field " + field
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "data64 is not base64"
	}
	is := map[string]string{"string": "text", "number": "a number", "bool": "true or false", "array": "a list", "object": "a mapping"}
	kind, _, _ := strings.Cut(wrong.Value, " ") // of a number it has the digits too
	must := "a mapping"
	switch wrong.Type.Kind() {
	case reflect.Slice:
		must = "a list"
		if wrong.Type.Elem().Kind() == reflect.Uint8 {
			must = "text"
		}
	case reflect.String:
		must = "text"
	case reflect.Int:
		must = "a whole number"
	case reflect.Bool:
		must = "true or false"
	default:
	}
	subject := "it"
	if wrong.Field != "" {
		subject = wrong.Field
	}
	return fmt.Sprintf("%s is %s, and must be %s", subject, is[kind], must)
}
