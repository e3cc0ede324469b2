package registry

import (
	"encoding/json"
	"strconv"
	"strings"

	"fanout/lambda/target"
)

// Entry is a target of the table. It marshals to JSON in the form of target files:
// attributes in their usual order, without unset ones. A password in its destination is
// hidden; Raw shows it.
type Entry struct{ target.Loaded }

// Text returns the value of an attribute, "" if it is absent.
func (e *Entry) Text(attribute string) string { return e.Attributes[attribute].Text }

// Active reports whether the target receives records.
func (e *Entry) Active() bool { return e.Text("active") == "true" && e.Spec.Active }

// Destination returns the destination without its password.
func (e *Entry) Destination() string { return Redacted(e.Text("destination")) }

// hidden replaces a password, as in url.URL.Redacted.
const hidden = "xxxxx"

// Redacted returns a destination without its password. Text that is not a valid URL may
// hold one too: everything between the first colon after the scheme and the last @
// counts as a password.
func Redacted(destination string) string {
	at := strings.LastIndexByte(destination, '@')
	if at < 0 {
		return destination
	}
	user := 0
	if i := strings.Index(destination[:at], "://"); i >= 0 {
		user = i + len("://")
	}
	colon := strings.IndexByte(destination[user:at], ':')
	if colon < 0 {
		return destination
	}
	return destination[:user+colon+1] + hidden + destination[at:]
}

// Raw is an Entry that marshals with its password, for a file that is applied later.
type Raw struct{ Entry }

// MarshalJSON implements json.Marshaler.
func (r Raw) MarshalJSON() ([]byte, error) { return r.marshal(func(s string) string { return s }) }

// MarshalJSON implements json.Marshaler. A password is hidden.
func (e Entry) MarshalJSON() ([]byte, error) { return e.marshal(Redacted) }

func (e *Entry) marshal(destination func(string) string) ([]byte, error) {
	b := []byte{'{'}
	for _, a := range target.Attributes() {
		v, ok := e.Attributes[a.Name]
		if !ok || v.Kind == target.Null {
			continue
		}
		if a.Name == "destination" {
			v.Text = destination(v.Text)
		}
		value, err := json.Marshal(v.Text)
		switch {
		case err != nil:
			return nil, err
		case v.Kind == target.Bool:
			value = []byte(strconv.FormatBool(v.Text == "true"))
		case target.IsObject(a.Name) && json.Valid([]byte(v.Text)):
			value = []byte(v.Text)
		case v.Kind == target.Number && json.Valid([]byte(v.Text)):
			value = []byte(v.Text)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, a.Name...)
		b = append(b, `":`...)
		b = append(b, value...)
	}
	return append(b, '}'), nil
}
