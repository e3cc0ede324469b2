package es

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// TestESHostile asserts that each record arrives unchanged or fails alone, and that no
// record becomes two documents or a different action.
func TestESHostile(t *testing.T) {
	const injected = "{}\n{\"delete\":{\"_id\":\"victim\"}}\n{\"index\":{\"_id\":\"x\"}}\n{}"
	tests := []struct {
		name, key, data string
		says            string // reason of the failure; "": delivered
	}{
		{"plain", "a", `{"a":1}`, ""},
		{"quotes in the key", `"}}` + "\n" + `{"delete":{"_id":"victim"}}`, `{}`, ""},
		{"CR LF in the key", "a\r\nb", `{}`, ""},
		{"300 characters of key", strings.Repeat("\"", 300), `{}`, ""},
		{"line separators in the key", "a\u2028b\u2029", `{}`, ""},
		{"NUL in the key", "\x00", `{}`, ""},
		{"not UTF-8 in the key", "\xFF\xFE", `{}`, ""},
		{"no key", "", `{}`, "no key"},
		{"several documents", "a", injected, "not a JSON object"},
		{"documents on one line", "a", `{}{"a":1}`, "not a JSON object"},
		{"line separators in the data", "a", "{\"a\":\"\u2028\u2029\"}", ""},
		{"raw line break in a string", "a", "{\"a\":\"\n\"}", "not a JSON object"},
		{"carriage returns", "a", "{\r\"a\":1\r}", ""},
		{"no data", "a", "", "no data"},
		{"white space", "a", " \n\t", "no data"},
		{"array", "a", "[{}]", "not a JSON object"},
		{"string", "a", `"{}"`, "not a JSON object"},
		{"null", "a", "null", "not a JSON object"},
		{"text", "a", "secret", "not a JSON object"},
		{"cut off", "a", `{"a":"secret`, "not a JSON object"},
		{"trailing backslash", "a", "{\"a\":\n\"\\", "not a JSON object"},
		{"binary", "a", "\x00\xFF", "not UTF-8"},
		{"not UTF-8 in a string", "a", "{\"a\":\"\xFF\"}", "not UTF-8"},
		{"byte order mark", "a", "\uFEFF{}", "not a JSON object"},
		{"1 MiB", "a", `{"a":"` + strings.Repeat("x", 1<<20-8) + `"}`, ""},
		{"deep", "a", `{"a":` + strings.Repeat("[", 1<<20) + `}`, "not a JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			e := openES(t, cfg, nil)
			batch := []engine.Record{esRecord("INSERT", "before", `{}`), esRecord("MODIFY", tt.key, tt.data), esRecord("INSERT", "after", `{}`)}
			o := e.Send(t.Context(), batch)
			want := 3
			if err := o.Err(1); tt.says != "" {
				want = 2
				if err == nil || engine.ClassOf(err) != engine.Permanent || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v; want one that says %q", err, tt.says)
				}
			} else if err != nil {
				t.Error(err)
			}
			if o.Err(0) != nil || o.Err(2) != nil {
				t.Errorf("the records beside it: %v, %v", o.Err(0), o.Err(2))
			}
			got := fake.Records("es/orders")
			if len(got) != want || got[0].ID != "before" || got[len(got)-1].ID != "after" {
				t.Errorf("%d actions took effect; want %d", len(got), want)
			}
			for _, r := range got {
				if r.Action != "index" {
					t.Errorf("%s of %q", r.Action, r.ID)
				}
			}
		})
	}
	t.Run("nothing to send", func(t *testing.T) {
		fake, cfg := sinktest.Start(t)
		o := openES(t, cfg, nil).Send(t.Context(), []engine.Record{esRecord("INSERT", "a", "")})
		if o.Err(0) == nil || len(fake.Calls()) != 0 {
			t.Errorf("error %v after %d calls", o.Err(0), len(fake.Calls()))
		}
	})
}

// FuzzESBulk parses the requests with another reader.
func FuzzESBulk(f *testing.F) {
	f.Add("key", "INSERT", "49", []byte(`{"a":1}`), "")
	f.Add("\"}}\n", "REMOVE", "", []byte("{}\n{}"), "t")
	f.Add("\xFF", "PUT", "\r\n\u2028", []byte("{\n \"a\" : \"\\\" \" }"), "\"")
	f.Add("", "MODIFY", "\x00", []byte("\"\\"), "")
	f.Fuzz(func(t *testing.T, key, action, seq string, data []byte, docType string) {
		e, err := New(nil, Index{URL: "https://host", Index: "orders", DocType: strings.ToValidUTF8(docType, "")})
		if err != nil {
			t.Fatal(err)
		}
		r := engine.Record{Key: key, Action: action, Lane: "shard", Seq: seq, Data: engine.Bytes(data)}
		b := e.bulk(t.Context(), []engine.Record{r, esRecord("REMOVE", "after", "")})
		defer b.body.Free()
		whole, err := io.ReadAll(b.body.Content().Reader())
		if err != nil {
			t.Fatal(err)
		}
		body, ok := bytes.CutSuffix(whole, e.appendLine(nil, opDelete, []byte("after"), nil))
		if !ok {
			t.Fatalf("the body ends with something else: %q", whole)
		}
		if len(b.actions) == 1 {
			if len(body) > 0 || b.outcome.Err(0) == nil {
				t.Errorf("a record that fails with %v left %q", b.outcome.Err(0), body)
			}
			return
		}
		if len(body) != e.size(&r) {
			t.Errorf("counts %d bytes; want %d", e.size(&r), len(body))
		}
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		var metadata map[string]map[string]string
		if err := json.Unmarshal([]byte(lines[0]), &metadata); err != nil {
			t.Fatal(err)
		}
		a := b.actions[0]
		about := map[string]string{"_id": string(e.appendID(nil, &r))}
		if e.index.DocType != "" {
			about["_type"] = e.index.DocType
		}
		if diff := cmp.Diff(map[string]map[string]string{a.op: about}, metadata); diff != "" {
			t.Errorf("metadata differ (-want +got):\n%s", diff)
		}
		if !e.names(&r, about["_id"]) || e.names(&r, about["_id"]+"0") {
			t.Error("an answer's _id is taken for another")
		}
		if action == "REMOVE" {
			if len(lines) != 1 {
				t.Errorf("%d lines", len(lines))
			}
			return
		}
		var want, got bytes.Buffer
		if err := json.Compact(&want, data); err != nil || len(lines) != 2 {
			t.Fatalf("%d lines: %v", len(lines), err)
		}
		if err := json.Compact(&got, []byte(lines[1])); err != nil || got.String() != want.String() {
			t.Errorf("the document is %q (%v); want %q", lines[1], err, want.String())
		}
		if bytes.Contains(document(&r), []byte("\n")) && lines[1] != want.String() {
			t.Errorf("the document has white space left: %q", lines[1])
		}
	})
}
