package target

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"reflect"
)

// Fingerprint names the configuration of a target in 32 hexadecimal digits: that of
// another destination, role or option is another. The password of an address has no
// part in it, so the fingerprint can be stored.
func (s Spec) Fingerprint() string {
	if u, err := url.Parse(s.Destination.url); err == nil && u.User != nil {
		u.User = url.User(u.User.Username())
		s.Destination.url = u.String()
	}
	h := sha256.New()
	digest(h, reflect.ValueOf(s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// digest writes the fields of v, none of which can be taken for another. A field that
// is added to Spec has a part in it by itself.
func digest(w io.Writer, v reflect.Value) {
	if v.Kind() != reflect.Struct {
		_, _ = fmt.Fprintf(w, "%q ", fmt.Sprint(v)) // a hash takes everything
		return
	}
	for i := range v.NumField() {
		digest(w, v.Field(i))
	}
}
