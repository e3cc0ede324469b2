package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// version is the version of the policy language (IAM user guide, Version).
const version = "2012-10-17"

// Document is an IAM policy (IAM user guide, Grammar of the IAM JSON policy language).
// It belongs to an identity or, with Principals, is the trust policy of a role.
type Document struct {
	Version   string      `yaml:"Version"`
	Statement []Statement `yaml:"Statement"`
}

// Statement allows or denies actions.
type Statement struct {
	Sid       string               `json:",omitempty" yaml:"Sid,omitempty"`       // letters and digits, unique in a document
	Effect    string               `yaml:"Effect"`                                // Allow or Deny
	Principal map[string]Strings   `json:",omitempty" yaml:"Principal,omitempty"` // by kind: AWS, Service; only in trust policies
	Action    Strings              `yaml:"Action"`                                // sorted
	Resource  Strings              `json:",omitempty" yaml:"Resource,omitempty"`  // sorted; none in trust policies
	Condition map[string]Condition `json:",omitempty" yaml:"Condition,omitempty"` // by operator, as in StringEquals
}

// Condition maps context keys to the values that an operator requires.
type Condition map[string]Strings

// Strings holds one or more values. A single value is a plain string in JSON.
type Strings []string

// MarshalJSON implements json.Marshaler.
func (s Strings) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s[0])
	}
	return json.Marshal([]string(s))
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Strings) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*s = make(Strings, 1)
		return json.Unmarshal(data, &(*s)[0])
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// MarshalYAML implements yaml.Marshaler.
func (s Strings) MarshalYAML() (any, error) {
	if len(s) == 1 {
		return s[0], nil
	}
	return []string(s), nil
}

// JSON returns the document as IAM takes it, indented by two spaces.
func (d Document) JSON() string { return d.encode("  ") }

// encode returns the document in JSON.
func (d Document) encode(indent string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the limit counts characters as they are sent
	e.SetIndent("", indent)
	if e.Encode(d) != nil {
		return "" // nothing in a Document can fail
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Parse reads a document as the IAM API returns it, URL-encoded (RFC 3986), or as plain
// JSON. It refuses elements that a Document cannot hold, such as NotAction, so that no
// part of a policy is overlooked.
func Parse(text string) (Document, error) {
	if strings.HasPrefix(text, "%") {
		plain, err := url.PathUnescape(text)
		if err != nil {
			return Document{}, fmt.Errorf("the policy is not in the URL encoding of IAM: %w", err)
		}
		text = plain
	}
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict(text, &raw); err != nil {
		return Document{}, fmt.Errorf("the policy cannot be read: %w", err)
	}
	d := Document{Version: raw.Version}
	statements := string(raw.Statement)
	if strings.HasPrefix(statements, "{") { // a single statement needs no list
		statements = "[" + statements + "]"
	}
	if err := strict(statements, &d.Statement); err != nil {
		return Document{}, fmt.Errorf("the policy's statements cannot be read: %w", err)
	}
	return d, nil
}

// strict decodes JSON and fails on unknown members.
func strict(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	} else if err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after its end")
	}
	return nil
}
