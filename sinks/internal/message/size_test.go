package message

import (
	"testing"

	"fanout/engine"
)

// FuzzMessageSize compares sizes, attributes and bodies with the messages that arrive.
func FuzzMessageSize(f *testing.F) {
	f.Add("key", "PUT", []byte("hello"))
	f.Add("", "", []byte{})
	f.Add("\xFF", "\x00", []byte{0, 1, 2})
	f.Add("ü\uFFFE", "REMOVE", []byte("\xED\xA0\x80"))
	f.Fuzz(func(t *testing.T, key, action string, data []byte) {
		r := engine.Record{Key: key, Action: action, Data: engine.Bytes(data)}
		text := string(Text(r.Data))
		size := len(text)
		form := Form{MaxBytes: 1 << 20}
		for _, a := range form.Attributes(nil, &r, new(Filled)) {
			if a.Value == "" || a.Type == stringType && !isText(a.Value) {
				t.Errorf("the services do not take the attribute %+v", a)
			}
			size += len(a.Name) + len(a.Type) + len(a.Value)
		}
		if n := form.Size(&r); n != size {
			t.Errorf("counts %d bytes; want %d", n, size)
		}
		if !isText(text) || text == "" {
			t.Errorf("the services do not take the body %q", text)
		}
		if isText(key) != engine.Bytes([]byte(key)).IsText() {
			t.Errorf("%q: the rule for text differs from the engine's", key)
		}
	})
}
