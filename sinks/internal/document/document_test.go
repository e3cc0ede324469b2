package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"fanout/engine"
	"fanout/sinks/internal/document"
)

func Example() {
	for _, data := range []string{`{"id": 7}`, `[1, 2]`, `hello`, "\xFF\x00", ``} {
		p := engine.Bytes([]byte(data))
		fmt.Printf("%s %s\n", document.Of(p).Bytes(), document.Object(p).Bytes())
	}
	// Output:
	// {"id": 7} {"id": 7}
	// [1, 2] {"data":[1, 2]}
	// {"data":"hello"} {"data":"hello"}
	// {"data":"/wA=","encoding":"base64"} {"data":"/wA=","encoding":"base64"}
	// {"data":""} {"data":""}
}

// FuzzDocument asserts that any data becomes a JSON document, an object where one is asked for,
// from which a reader gets the data back, and that its length is known before.
func FuzzDocument(f *testing.F) {
	for _, data := range []string{``, ` `, `{}`, ` {"a":1} `, `"text"`, `5`, `nul`, "\x00", "\xFF", `{"a":"`, "a\nb", "\u2028", "{\"a\":\"\xFF\"}", "\uFFFE"} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []engine.Payload{engine.Bytes(data), engine.Base64(engine.Bytes(data).Text())} {
			d, o := document.Of(p), document.Object(p)
			text := d.Bytes()
			if !json.Valid(text) || d.Len() != len(text) || o.Len() != len(o.Bytes()) {
				t.Fatalf("%q becomes %q of %d bytes, an object %q of %d", data, text, d.Len(), o.Bytes(), o.Len())
			}
			var in struct {
				Data     json.RawMessage `json:"data"`
				Encoding string          `json:"encoding"`
			}
			if err := json.Unmarshal(o.Bytes(), &in); err != nil && !bytes.Equal(o.Bytes(), data) {
				t.Fatalf("%q becomes %q, which is no object: %v", data, o.Bytes(), err)
			}
			if bytes.Equal(text, data) {
				continue
			}
			var got []byte
			var err error
			if in.Encoding == "base64" {
				err = json.Unmarshal(in.Data, &got)
			} else {
				var s string
				err = json.Unmarshal(in.Data, &s)
				got = []byte(s)
			}
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%q becomes %q, which has the data %q: %v", data, text, got, err)
			}
		}
	})
}

// JSON is read once: a sink sizes a record and then sends it.
func TestMarked(t *testing.T) {
	for text, want := range map[string]bool{`{"id": 7}`: true, `5`: true, `text`: false, ``: false, "{\"a\":\"\uFFFE\"}": false} {
		p := engine.Bytes([]byte(text))
		before := string(document.Object(p).Bytes())
		if p.KnownJSON() != want {
			t.Errorf("%q is marked: %v", text, !want)
		}
		if after := string(document.Object(p).Bytes()); after != before {
			t.Errorf("%q becomes %s, and then %s", text, before, after)
		}
	}
}
