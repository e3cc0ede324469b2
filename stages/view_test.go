package stages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

var allViews = []stages.Views{stages.NewImage, stages.OldImage, stages.KeysOnly, stages.NewAndOldImages, stages.WholeEvent}

// change returns a DynamoDB record. Images that are "" are missing.
func change(action, keys, image, old string) engine.Record {
	var parts []string
	for name, text := range map[string]string{"Keys": keys, "NewImage": image, "OldImage": old} {
		if text != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", name, text))
		}
	}
	slices.Sort(parts)
	r := engine.Record{Key: "a", Lane: lane, Seq: "7", Action: action, Arrived: 1763800000120}
	r.Raw = fmt.Appendf(nil, `{"eventName":%q, "dynamodb":{%s,"SequenceNumber":"7"}}`, action, strings.Join(parts, ","))
	data := image
	if image == "" || action == "REMOVE" {
		data = keys
	}
	r.Data = engine.Bytes([]byte(data))
	if image == "" && action != "REMOVE" {
		r.Data.StandIn()
	}
	return r
}

var itemChanges = []engine.Record{
	change("INSERT", `{"id":{"S":"a"}}`, `{"id":{"S":"a"},"n":{"N":"1.0"}}`, ""),
	change("MODIFY", `{"id":{"S":"a"}}`, `{"id":{"S":"a"},"n":{"N":"2.0"}}`, `{"id":{"S":"a"},"n":{"N":"1.0"}}`),
	change("REMOVE", `{"id":{"S":"a"}}`, "", `{"id":{"S":"a"},"n":{"N":"2.0"}}`),
	change("MODIFY", `{"id":{"S":"a"}}`, "", ""), // of a stream with the view KEYS_ONLY
}

func TestView(t *testing.T) {
	const keys, one, two = `{"id":{"S":"a"}}`, `{"id":{"S":"a"},"n":{"N":"1.0"}}`, `{"id":{"S":"a"},"n":{"N":"2.0"}}`
	want := map[stages.Views][]string{
		stages.NewImage: {one, two, keys, keys},
		stages.OldImage: {keys, one, two, keys},
		stages.KeysOnly: {keys, keys, keys, keys},
		stages.NewAndOldImages: {
			`{"Keys":` + keys + `,"NewImage":` + one + `}`, `{"Keys":` + keys + `,"NewImage":` + two + `,"OldImage":` + one + `}`,
			`{"Keys":` + keys + `,"OldImage":` + two + `}`, `{"Keys":` + keys + `}`,
		},
		stages.WholeEvent: {string(itemChanges[0].Raw), string(itemChanges[1].Raw), string(itemChanges[2].Raw), string(itemChanges[3].Raw)},
	}
	for _, v := range allViews {
		out := engine.Apply(t.Context(), stages.View{Of: v}, itemChanges)
		if diff := cmp.Diff(want[v], emitted(out)); diff != "" || len(out.Failed) > 0 {
			t.Errorf("%v: %v (-want +got)\n%s", v, out.Failed, diff)
		}
		for i, r := range out.Emitted {
			if string(r.Raw) != string(itemChanges[i].Raw) {
				t.Errorf("%v: the source record of change %d is now %q", v, i, r.Raw)
			}
			if r.Data.IsStandIn() != (v == stages.NewAndOldImages && i == 3) {
				t.Errorf("%v: the data of change %d is a stand-in: %t", v, i, r.Data.IsStandIn())
			}
		}
	}
}

// After the conversion of the source record, every view is plain JSON.
func TestViewOfPlainImages(t *testing.T) {
	const keys, one, two = `{"id":"a"}`, `{"id":"a","n":1.0}`, `{"id":"a","n":2.0}`
	want := map[stages.Views]string{
		stages.NewImage: two, stages.OldImage: one, stages.KeysOnly: keys,
		stages.NewAndOldImages: `{"Keys":` + keys + `,"NewImage":` + two + `,"OldImage":` + one + `}`,
		stages.WholeEvent:      `{"eventName":"MODIFY", "dynamodb":{"Keys": ` + keys + `,"NewImage": ` + two + `,"OldImage": ` + one + `,"SequenceNumber":"7"}}`,
	}
	plain := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, itemChanges[1:2]).Emitted
	for _, v := range allViews {
		if got := emitted(engine.Apply(t.Context(), stages.View{Of: v}, plain)); !slices.Equal(got, []string{want[v]}) {
			t.Errorf("%v: %q", v, got)
		}
	}
}

// A record without a readable source record fails, and the others pass.
func TestViewFaults(t *testing.T) {
	const missing = "it has no source record, because an earlier stage changed it, or because its envelope has none"
	const other = "its source record is not a change of a DynamoDB item"
	for raw, want := range map[string]string{
		"": missing, "{}": other, "7": other, `{"dynamodb":7}`: other, `{"dynamodb":{"Keys":7}}`: other,
		`{"dynamodb":{"Keys":{}}`: other, `{"dynamodb":{"NewImage":{}}}`: other, `{"dynamodb":{"Keys":{"a"`: other,
	} {
		in := []engine.Record{itemChanges[0], itemChanges[0], itemChanges[0]}
		in[1].Raw = []byte(raw)
		out := engine.Apply(t.Context(), stages.View{Of: stages.OldImage}, in)
		if len(out.Emitted) != 2 || len(out.Failed) != 1 || engine.ClassOf(out.Failed[0].Err) != engine.Permanent ||
			out.Failed[0].Err.Error() != "the view OLD_IMAGE of the record cannot be made: "+want {
			t.Errorf("%s: %v", raw, out.Failed)
		}
	}
}

func TestViewStage(t *testing.T) {
	for _, v := range allViews {
		t.Run(v.String(), func(t *testing.T) {
			enginetest.CheckStage(t, stages.View{Of: v}, itemChanges)
			enginetest.CheckStage(t, stages.View{Of: v}, records("no change"))
		})
	}
}

func TestParseView(t *testing.T) {
	for _, v := range allViews {
		if got, err := stages.ParseView(v.String()); got != v || err != nil {
			t.Errorf("%v: %v, %v", v, got, err)
		}
	}
	if got, err := stages.ParseView(""); got != stages.NewImage || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := stages.ParseView("new_image"); err == nil || err.Error() != `"new_image" is not a view; write one of NEW_IMAGE, OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, EVENT` {
		t.Error(err)
	}
	if got := stages.Views(9).String(); got != "view 9" {
		t.Error(got)
	}
}

func ExampleView() {
	for _, r := range engine.Apply(context.Background(), stages.View{Of: stages.OldImage}, itemChanges[:2]).Emitted {
		fmt.Printf("%s %s\n", r.Action, r.Data.Bytes())
	}
	// Output:
	// INSERT {"id":{"S":"a"}}
	// MODIFY {"id":{"S":"a"},"n":{"N":"1.0"}}
}

// FuzzView compares the view of both images with the images that encoding/json finds.
func FuzzView(f *testing.F) {
	for _, r := range itemChanges {
		f.Add(r.Raw)
	}
	f.Add([]byte(`{"dynamodb":{"Keys":{},"Keys":{"a":1}},"dynamodb":{"Keys":{"b":[]},"OldImage":{},"OldImage":null}}`))
	f.Add([]byte(`{"dynamodb":{"\u004beys":{}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r struct{ DynamoDB map[string]json.RawMessage }
		var all map[string]json.RawMessage
		valid := json.Unmarshal(raw, &all) == nil && json.Unmarshal(all["dynamodb"], &r.DynamoDB) == nil
		want := "{"
		for _, name := range []string{"Keys", "NewImage", "OldImage"} {
			if image := r.DynamoDB[name]; len(image) > 0 && image[0] == '{' {
				want += fmt.Sprintf(",%q:%s", name, image)
			}
		}
		want = strings.Replace(want, ",", "", 1) + "}"
		in := []engine.Record{itemChanges[1], itemChanges[0]}
		in[0].Raw = raw
		out := engine.Apply(t.Context(), stages.View{Of: stages.NewAndOldImages}, in)
		got := emitted(out)
		if !valid || !strings.HasPrefix(want, `{"Keys"`) {
			if len(got) != 1 || len(out.Failed) != 1 {
				t.Errorf("%q became %q", raw, got)
			}
			return
		}
		if len(got) != 2 || got[0] != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
	})
}
