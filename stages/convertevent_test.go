package stages_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

// changes are source records of DynamoDB.
func changes(raw ...string) []engine.Record {
	var all []engine.Record
	for i, r := range raw {
		rec := engine.Record{Key: fmt.Sprint("key-", i), Lane: lane, Seq: fmt.Sprint(100 + i), Action: "MODIFY", Raw: []byte(r), Data: engine.Bytes([]byte(`{}`))}
		if strings.Contains(r, "REMOVE") {
			rec.Action = "REMOVE"
		}
		all = append(all, rec)
	}
	return all
}

func TestConvertEvent(t *testing.T) {
	for _, c := range []struct{ raw, want, data string }{
		{
			"{\"eventName\":\"MODIFY\", \"dynamodb\" : {\n \"Keys\": {\"id\":{\"S\":\"a\"}}, \"OldImage\":{ \"id\" : {\"S\":\"a\"}}, \"NewImage\": {\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1.50\"}},\"SizeBytes\":26 }, \"x\":{\"NewImage\":{\"a\":{\"S\":\"\"}}}}",
			"{\"eventName\":\"MODIFY\", \"dynamodb\" : {\n \"Keys\": {\"id\":\"a\"}, \"OldImage\":{\"id\":\"a\"}, \"NewImage\": {\"id\":\"a\",\"n\":1.50},\"SizeBytes\":26 }, \"x\":{\"NewImage\":{\"a\":{\"S\":\"\"}}}}",
			`{"id":"a","n":1.50}`,
		},
		{
			`{"eventName":"REMOVE","dynamodb":{"NewImage":null,"OldImage":{"id":{"S":"a"},"t":{"NULL":true}},"Keys":{"id":{"S":"a"}}},"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}}`,
			`{"eventName":"REMOVE","dynamodb":{"NewImage":null,"OldImage":{"id":"a","t":null},"Keys":{"id":"a"}},"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}}`,
			`{"id":"a"}`,
		},
		{ // names written with escapes, and a view without images
			`{"\u0064ynamodb":{"\u004beys":{"i\u0064":{"\u0053":"\u0061"}}}}`, `{"\u0064ynamodb":{"\u004beys":{"i\u0064":"\u0061"}}}`, `{"i\u0064":"\u0061"}`,
		},
		{ // the last of two members with one name counts, as in the decoder of events
			`{"dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"v":{"N":"1"}},"NewImage":{"v":{"N":"2"}}}}`,
			`{"dynamodb":{"Keys":{"id":"a"},"NewImage":{"v":1},"NewImage":{"v":2}}}`, `{"v":2}`,
		},
	} {
		in := changes(c.raw, `{"dynamodb":{"Keys":{"k":{"S":"other"}}}}`)
		before := string(in[0].Raw)
		out := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, in)
		if len(out.Emitted) != 2 {
			t.Fatalf("%s: %v", c.raw, out.Failed)
		}
		r, other := out.Emitted[0], out.Emitted[1]
		if diff := cmp.Diff([]string{c.want, c.data}, []string{string(r.Raw), string(r.Data.Bytes())}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.raw, diff)
		}
		if string(in[0].Raw) != before || string(other.Raw) != `{"dynamodb":{"Keys":{"k":"other"}}}` {
			t.Errorf("%s: another record changed", c.raw)
		}
	}
}

func TestConvertEventFails(t *testing.T) {
	const good = `{"dynamodb":{"Keys":{"id":{"N":"1"}}}}`
	for _, c := range []struct{ raw, want string }{
		{`{"dynamodb":{"Keys":{"id":{"N":"1"}},"OldImage":{"a":{"L":[{"N":"secret"}]}}}}`, "a number has an invalid form, at byte 72 of attribute OldImage.a[0]"},
		{`{"dynamodb":{"NewImage":{"a":{"S":"secret"`, "the data ends too early"},
		{`{"dynamodb":{"NewImage":{"a":{"S":"secret"}}}}x`, "there is more data after the value"},
		{`{"dynamodb":{"NewImage":null}}`, "the source record has no DynamoDB image and no keys"},
		{`{"dynamodb":"secret"}`, "the source record has no DynamoDB image and no keys"},
		{`{"Sns":{"NewImage":{"a":{"S":"secret"}}}}`, "the source record has no DynamoDB image and no keys"},
		{` `, "the data ends too early"},
		{`[]`, "an object is missing"},
	} {
		out := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, changes(good, c.raw, good))
		if diff := cmp.Diff([]string{`{"id":1}`, `{"id":1}`}, emitted(out)); diff != "" {
			t.Errorf("%s: its neighbours (-want +got)\n%s", c.raw, diff)
		}
		checkLoss(t, c.raw, out.Failed, c.want)
		if lost := out.Failed; len(lost) == 1 && string(lost[0].Record.Raw) != c.raw {
			t.Errorf("%s failed as %s", c.raw, lost[0].Record.Raw)
		}
	}
}

// A stage before it may have changed the data, and dropped the source record with it.
func TestConvertEventWithoutSource(t *testing.T) {
	in := changes(`{}`)
	in[0].Raw, in[0].Data = nil, engine.Bytes([]byte(`{"v":{"N":"1.50"}}`))
	out := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, in)
	if diff := cmp.Diff([]string{`{"v":1.50}`}, emitted(out)); diff != "" || len(out.Emitted[0].Raw) > 0 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestConvertEventStage(t *testing.T) {
	enginetest.CheckStage(t, stages.ConvertDDB{Event: true}, changes(
		`{"dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"v":{"L":[{"N":"1"}]}}}}`,
		`{"eventName":"REMOVE","dynamodb":{"Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"}}}}`, `{"dynamodb":{}}`, ``, `7`))
}

// FuzzConvertEvent checks that each image converts as it would as data, and that
// the rest of the record stays.
func FuzzConvertEvent(f *testing.F) {
	f.Add(`{"id":{"S":"a"}}`, `{"n":{"NS":["1","2"]}}`, `{"b":{"B":"AA=="}}`, ` "x":1,`)
	f.Add(`{}`, `null`, `[]`, ``)
	f.Add(`{"id":{"S":"\u0061"}}`, `{"m":{"M":{"NewImage":{"S":"x"}}}}`, `{"n":{"N":"1x"}}`, "\n")
	f.Fuzz(func(t *testing.T, keys, image, old, more string) {
		raw := fmt.Sprintf(`{%s"dynamodb":{%[1]s"Keys":%[2]s,"NewImage":%[3]s,"OldImage":%[4]s}}`, more, keys, image, old)
		var before, after map[string]any
		if json.Unmarshal([]byte(raw), &before) != nil {
			return
		}
		images, isObject := before["dynamodb"].(map[string]any)
		if !isObject || len(before) > 2 || len(images) > 4 { // any more members come from elsewhere
			return
		}
		out := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, changes(raw))
		var want []string
		good := strings.HasPrefix(strings.TrimSpace(keys), "{") || strings.HasPrefix(strings.TrimSpace(image), "{")
		converted := maps.Clone(images)
		for name, text := range map[string]string{"Keys": keys, "NewImage": image, "OldImage": old} {
			if !strings.HasPrefix(strings.TrimSpace(text), "{") {
				continue
			}
			as := engine.Apply(t.Context(), stages.ConvertDDB{}, records(text)).Emitted
			if len(as) == 0 {
				good = false
				break
			}
			var v any
			_ = json.Unmarshal(as[0].Data.Bytes(), &v)
			converted[name] = v
			want = append(want, string(as[0].Data.Bytes()))
		}
		if got := len(out.Emitted) == 1; got != good {
			if got || strings.Contains(out.Failed[0].Err.Error(), "UTF-8") { // only converted text must be UTF-8
				return
			}
			t.Fatalf("%s: %v", raw, out.Failed[0].Err)
		}
		if !good {
			return
		}
		r := out.Emitted[0]
		if err := json.Unmarshal(r.Raw, &after); err != nil {
			t.Fatalf("%s became %s: %v", raw, r.Raw, err)
		}
		before["dynamodb"] = converted
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%s became %s", raw, r.Raw)
		}
		for _, w := range want {
			if !strings.Contains(string(r.Raw), w) {
				t.Fatalf("%s became %s, without %s", raw, r.Raw, w)
			}
		}
	})
}

func BenchmarkConvertEvent(b *testing.B) {
	const n = 100
	raw := `{"eventID":"c4ca4238a0b923820dcc509a6f758401","eventName":"MODIFY","eventSource":"aws:dynamodb","dynamodb":{"Keys":{"id":{"S":"customer-17"}},` +
		`"NewImage":{"id":{"S":"customer-17"},"name":{"S":"Grace"},"points":{"N":"12"}},"OldImage":{"id":{"S":"customer-17"},"name":{"S":"Grace"},"points":{"N":"11"}}}}`
	var all []string
	for range n {
		all = append(all, raw)
	}
	in := changes(all...)
	b.SetBytes(int64(n * len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		engine.Apply(b.Context(), stages.ConvertDDB{Event: true}, in)
	}
}
