package stages_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

func TestCollapse(t *testing.T) {
	json := stages.Collapse{Mode: stages.JSON}
	for name, c := range map[string]struct {
		stage stages.Collapse
		in    []string
		want  []string
	}{
		"no records": {json, nil, nil},
		"values": {json, []string{`{"a":1}`, `[]`, `"x"`, `1.50`, `true`, `null`},
			[]string{`{"Records":[{"a":1},[],"x",1.50,true,null]}`}},
		"as it is":             {json, []string{" {\t\"a\" : 1 }\r\n", "2"}, []string{"{\"Records\":[ {\t\"a\" : 1 }\r\n,2]}"}},
		"text":                 {json, []string{"", "plain", `{"a":`, "1 2", "a\"\\/b"}, []string{`{"Records":["","plain","{\"a\":","1 2","a\"\\/b"]}`}},
		"controls":             {json, []string{"\x00\b\t\n\f\r\x1f\x7f ü😀\u2028"}, []string{`{"Records":["\u0000\u0008\t\n\u000c\r\u001f` + "\x7f ü😀" + `\u2028"]}`}},
		"no XML text":          {json, []string{"a\ufffeb\uffff"}, []string{`{"Records":["a\ufffeb\uffff"]}`}},
		"no XML in JSON":       {json, []string{"{\"\ufffe\":\"\uffff\uffff\"}", "1"}, []string{`{"Records":[{"\ufffe":"\uffff\uffff"},1]}`}},
		"binary":               {json, []string{"\xff\x00", "\xed\xa0\x80"}, []string{`{"Records":[{"$base64":"/wA="},{"$base64":"7aCA"}]}`}},
		"JSON, but not UTF-8":  {json, []string{"\"\xff\""}, []string{`{"Records":[{"$base64":"Iv8i"}]}`}},
		"JSON by bytes":        {stages.Collapse{Mode: stages.JSON, Bytes: 17}, []string{"1", "2", "3", "44", "5", "123456", "7"}, []string{`{"Records":[1,2]}`, `{"Records":[3]}`, `{"Records":[44]}`, `{"Records":[5]}`, `{"Records":[123456]}`, `{"Records":[7]}`}},
		"JSON by exact bytes":  {stages.Collapse{Mode: stages.JSON, Bytes: 18}, []string{"1", "22", "\ufffe", "3"}, []string{`{"Records":[1,22]}`, `{"Records":["\ufffe"]}`, `{"Records":[3]}`}},
		"JSON by records":      {stages.Collapse{Mode: stages.JSON, Records: 2}, []string{"1", "2", "3"}, []string{`{"Records":[1,2]}`, `{"Records":[3]}`}},
		"concat":               {stages.Collapse{Mode: stages.Concat}, []string{"a", "", "\xff", "b\n"}, []string{"a\xffb\n"}},
		"concat by bytes":      {stages.Collapse{Mode: stages.Concat, Bytes: 4}, []string{"ab", "cd", "e", "fghi", "jklmn", "o"}, []string{"abcd", "e", "fghi", "jklmn", "o"}},
		"concat by records":    {stages.Collapse{Mode: stages.Concat, Records: 1}, []string{"a", "b"}, []string{"a", "b"}},
		"concat text":          {stages.Collapse{Mode: stages.Concat, Bytes: 8, Text: true}, []string{"1234", "5678"}, []string{"12345678"}},
		"concat text, grows":   {stages.Collapse{Mode: stages.Concat, Bytes: 8, Text: true}, []string{"1234", "56\x00", "7"}, []string{"1234", "56\x007"}},
		"concat text, exactly": {stages.Collapse{Mode: stages.Concat, Bytes: 8, Text: true}, []string{"\x00", "23456", "7"}, []string{"\x0023456", "7"}},
		"concat not text":      {stages.Collapse{Mode: stages.Concat, Bytes: 8}, []string{"1234", "567\x00", "9"}, []string{"1234567\x00", "9"}},
		"base64":               {stages.Collapse{Mode: stages.ConcatB64}, []string{"a", "bc", "d"}, []string{"YWJjZA=="}},
		"base64 by bytes":      {stages.Collapse{Mode: stages.ConcatB64, Bytes: 8}, []string{"abcd", "ef", "g", "hijklmn"}, []string{"YWJjZGVm", "Zw==", "aGlqa2xtbg=="}},
	} {
		t.Run(name, func(t *testing.T) {
			in := records(c.in...)
			for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
				out := engine.Apply(t.Context(), c.stage, in)
				if diff := cmp.Diff(c.want, emitted(out)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", form, diff)
				}
				checkMerged(t, out.Emitted, records(c.in...))
			}
		})
	}
}

// checkMerged checks that recs are merged and carry the records of in, in order.
func checkMerged(t *testing.T, recs, in []engine.Record) {
	t.Helper()
	n := 0
	for _, r := range recs {
		if r.Key != r.Lane || r.HashKey != "" || r.Parts() == nil || r.Seq != in[n].Seq {
			t.Errorf("message %+v has not the key %q or is not merged", r, lane)
		}
		for _, part := range r.Parts() {
			if n < len(in) && (part.Seq != in[n].Seq || part.Key != in[n].Key || !bytes.Equal(part.Data.Bytes(), in[n].Data.Bytes())) {
				t.Errorf("part %d is record %s of %q, want %s of %q", n, part.Seq, part.Data.Bytes(), in[n].Seq, in[n].Data.Bytes())
			}
			n++
		}
	}
	if n != len(in) {
		t.Errorf("%d parts of %d records", n, len(in))
	}
}

func TestCollapseNone(t *testing.T) {
	in := records("a", "b")
	out := engine.Apply(t.Context(), stages.Collapse{Bytes: 1, Records: 1}, in)
	if diff := cmp.Diff([]string{"a", "b"}, emitted(out)); diff != "" {
		t.Error(diff)
	}
	for i, r := range out.Emitted {
		if r.Key != in[i].Key || r.Parts() != nil {
			t.Errorf("record %d was merged: %+v", i, r)
		}
	}
}

func TestCollapseUnknownMode(t *testing.T) {
	out := engine.Apply(t.Context(), stages.Collapse{Mode: 9}, records("a", "b"))
	if len(out.Failed) != 2 || !strings.Contains(out.Failed[0].Err.Error(), "mode 9") {
		t.Errorf("failed %v, emitted %v", out.Failed, emitted(out))
	}
}

func TestCollapseName(t *testing.T) {
	for want, c := range map[string]stages.Collapse{
		"collapse none":                              {},
		"collapse JSON ≤ 1048576 bytes":              {Mode: stages.JSON, Bytes: 1 << 20},
		"collapse concat ≤ 10 records":               {Mode: stages.Concat, Records: 10},
		"collapse concat-b64 ≤ 2 records, ≤ 3 bytes": {Mode: stages.ConcatB64, Records: 2, Bytes: 3},
	} {
		if got := c.Name(); got != want {
			t.Errorf("%+v: Name() = %q, want %q", c, got, want)
		}
	}
}

func TestParseMode(t *testing.T) {
	for name, want := range map[string]stages.Mode{
		"none": stages.None, "JSON": stages.JSON, "concat": stages.Concat, "concat-b64": stages.ConcatB64,
	} {
		if got, err := stages.ParseMode(name); got != want || err != nil || got.String() != name {
			t.Errorf("ParseMode(%q) = %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "json", "None", "concat-B64", "mode 1", "JSON "} {
		if _, err := stages.ParseMode(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("ParseMode(%q): error %v", name, err)
		}
	}
}

func TestCollapseStage(t *testing.T) {
	in := records(`{"a":1}`, "text", "\xff\x00", "", "\ufffe", `[1,2,3]`)
	for _, mode := range []stages.Mode{stages.None, stages.JSON, stages.Concat, stages.ConcatB64} {
		t.Run(mode.String(), func(t *testing.T) {
			enginetest.CheckStage(t, stages.Collapse{Mode: mode, Records: 2, Bytes: 40, Text: true}, in)
		})
	}
}

func TestCollapseAllocs(t *testing.T) {
	for _, mode := range []stages.Mode{stages.JSON, stages.Concat, stages.ConcatB64} {
		allocs := func(n int) float64 {
			in := records(slices.Repeat([]string{`{"a":"ü\n"}`, "text"}, n/2)...)
			return testing.AllocsPerRun(10, func() {
				if out := engine.Apply(t.Context(), stages.Collapse{Mode: mode, Text: true}, in); len(out.Emitted) != 1 {
					t.Errorf("%v: %d messages", mode, len(out.Emitted))
				}
			})
		}
		if extra := allocs(1024) - allocs(16); extra > 12 {
			t.Errorf("%v: %v allocations for 1008 more records in a message", mode, extra)
		}
	}
}

func ExampleCollapse() {
	in := records(`{"id":1}`, "plain text", "\xff\xfe", `{"id":2}`)
	out := engine.Apply(context.Background(), stages.Collapse{Mode: stages.JSON, Records: 3}, in)
	for _, r := range out.Emitted {
		fmt.Println(r.Key, string(r.Data.Bytes()))
	}
	// Output:
	// shardId-000000000001 {"Records":[{"id":1},"plain text",{"$base64":"//4="}]}
	// shardId-000000000001 {"Records":[{"id":2}]}
}

// FuzzCollapse builds each message again in the plainest way. It checks that the
// message holds its records and is within the bounds, and that one more record
// would exceed them.
func FuzzCollapse(f *testing.F) {
	f.Add([]byte("{\"a\":1}|text|\xff\x00||\ufffe\"|\"\uffff\"|[1]"), uint8(1), uint8(3), uint8(60), true)
	f.Add([]byte("abc|def|\x00|ghi"), uint8(2), uint8(0), uint8(8), true)
	f.Add([]byte("abc|def|\xe2\x82|\xac|ghi"), uint8(2), uint8(0), uint8(9), true)
	f.Add([]byte("abc|def|\x00|ghi"), uint8(3), uint8(2), uint8(12), false)
	f.Fuzz(func(t *testing.T, data []byte, mode, most, bound uint8, text bool) {
		c := stages.Collapse{Mode: stages.JSON + stages.Mode(mode%3), Records: int(most), Bytes: int(bound), Text: text}
		in := records(strings.Split(string(data), "|")...)
		out := engine.Apply(t.Context(), c, encode(in)).Emitted
		checkMerged(t, out, in)
		n := 0
		for _, m := range out {
			group := in[n : n+len(m.Parts())]
			n += len(group)
			want := plainly(c.Mode, group)
			if !bytes.Equal(m.Data.Bytes(), want) {
				t.Fatalf("%+v: got %q, want %q", c, m.Data.Bytes(), want)
			}
			if c.Mode != stages.Concat && (!m.Data.IsText() || !engine.Bytes(m.Data.Bytes()).IsText()) {
				t.Fatalf("%+v: %q is not text", c, want)
			}
			if c.Mode == stages.JSON && !json.Valid(want) {
				t.Fatalf("%+v: %q is not JSON", c, want)
			}
			if len(group) > 1 && (most > 0 && len(group) > int(most) || bound > 0 && sent(c, group) > int(bound)) {
				t.Fatalf("%+v: %q exceeds the bounds", c, want)
			}
			if n < len(in) {
				more := in[n-len(group) : n+1]
				if (most == 0 || len(more) <= int(most)) && (bound == 0 || sent(c, more) <= int(bound)) {
					t.Fatalf("%+v: %q would hold one record more", c, want)
				}
			}
		}
	})
}

// plainly builds the message that holds recs.
func plainly(mode stages.Mode, recs []engine.Record) []byte {
	var all, list []byte
	for _, r := range recs {
		b := r.Data.Bytes()
		all = append(all, b...)
		switch {
		case json.Valid(b) && utf8.Valid(b):
		case utf8.Valid(b):
			var text bytes.Buffer
			e := json.NewEncoder(&text)
			e.SetEscapeHTML(false)
			_ = e.Encode(string(b))
			b = bytes.TrimSuffix(text.Bytes(), []byte("\n"))
			// encoding/json has a short form for two more characters.
			b = bytes.ReplaceAll(b, []byte(`\\`), []byte("\\\x00"))
			b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte(`\b`), []byte(`\u0008`)), []byte(`\f`), []byte(`\u000c`))
			b = bytes.ReplaceAll(b, []byte("\\\x00"), []byte(`\\`))
		default:
			b = fmt.Appendf(nil, `{"$base64":"%s"}`, base64.StdEncoding.EncodeToString(b))
		}
		list = append(append(list, b...), ',')
	}
	switch mode {
	case stages.JSON:
		list = bytes.ReplaceAll(bytes.ReplaceAll(list, []byte("\ufffe"), []byte(`\ufffe`)), []byte("\uffff"), []byte(`\uffff`))
		return fmt.Appendf(nil, `{"Records":[%s]}`, bytes.TrimSuffix(list, []byte(",")))
	case stages.ConcatB64:
		return base64.StdEncoding.AppendEncode(nil, all)
	default:
		return all
	}
}

// sent returns the length of the message that holds recs, as a sink sends it.
func sent(c stages.Collapse, recs []engine.Record) int {
	n := len(plainly(c.Mode, recs))
	if c.Mode == stages.Concat && c.Text && slices.ContainsFunc(recs, func(r engine.Record) bool { return !r.Data.IsText() }) {
		return base64.StdEncoding.EncodedLen(n)
	}
	return n
}

func BenchmarkCollapse(b *testing.B) {
	const n = 1000
	record := `{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","at":1763853600.125,"name":"Jürgen","text":"` + strings.Repeat("some words ", 20) + `"}`
	for _, mode := range []stages.Mode{stages.JSON, stages.Concat, stages.ConcatB64} {
		for kind, data := range map[string]string{"json": record, "text": record[1:], "binary": "\xff" + record} {
			in := records(slices.Repeat([]string{data}, n)...)
			b.Run(fmt.Sprintf("mode=%v/kind=%s", mode, kind), func(b *testing.B) {
				b.SetBytes(int64(n * len(data)))
				b.ReportAllocs()
				messages := 0
				for b.Loop() {
					messages = len(engine.Apply(b.Context(), stages.Collapse{Mode: mode, Bytes: 64 << 10}, in).Emitted)
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
				b.ReportMetric(float64(messages), "messages")
			})
		}
	}
}
