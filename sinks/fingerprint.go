package sinks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"reflect"
)

// Fingerprint identifies the configuration of a target in 32 hexadecimal digits. Any change
// of destination, role or option changes it. It excludes the password of an address, so it
// can be stored.
func (s Spec) Fingerprint() string {
	if u, err := url.Parse(s.Destination.Address); err == nil && u.User != nil {
		u.User = url.User(u.User.Username())
		s.Destination.Address = u.String()
	}
	h := sha256.New()
	writeFields(h, reflect.ValueOf(s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeFields writes the fields of v unambiguously. A new field of Spec is included
// automatically.
func writeFields(w io.Writer, v reflect.Value) {
	if v.Kind() != reflect.Struct {
		_, _ = fmt.Fprintf(w, "%q ", fmt.Sprint(v)) // a hash accepts everything
		return
	}
	for i := range v.NumField() {
		writeFields(w, v.Field(i))
	}
}
