package registry

import (
	"encoding/json"
	"net/url"
	"strconv"

	"fanout/lambda/target"
)

// Entry is a target of the table. It marshals to JSON as target files have it,
// attributes in their usual order and without what is not set.
type Entry struct{ target.Loaded }

// Text returns the value of an attribute, "" if it is not there.
func (e *Entry) Text(attribute string) string { return e.Attributes[attribute].Text }

// Active reports whether the target receives records.
func (e *Entry) Active() bool { return e.Text("active") == "true" }

// Destination returns the destination to be shown.
func (e *Entry) Destination() string { return Redacted(e.Text("destination")) }

// Redacted returns a destination without its password.
func Redacted(destination string) string {
	if u, err := url.Parse(destination); err == nil && u.User != nil {
		return u.Redacted()
	}
	return destination
}

// MarshalJSON implements json.Marshaler.
func (e Entry) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for _, a := range target.Attributes() {
		v, ok := e.Attributes[a.Name]
		if !ok || v.Kind == target.Null {
			continue
		}
		value, err := json.Marshal(v.Text)
		switch {
		case err != nil:
			return nil, err
		case v.Kind == target.Bool:
			value = []byte(strconv.FormatBool(v.Text == "true"))
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
