package stages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

// deep returns an attribute value inside n maps or lists, and its plain JSON.
func deep(n int, open, shut, plainOpen, plainShut string) (typed, plain string) {
	return `{"a":` + strings.Repeat(open, n) + `{"S":"x"}` + strings.Repeat(shut, n) + `}`,
		`{"a":` + strings.Repeat(plainOpen, n) + `"x"` + strings.Repeat(plainShut, n) + `}`
}

// TestConvertDDBExponents checks which numbers get an exponent, and that every
// number keeps its value.
func TestConvertDDBExponents(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"1000000000000000000000000", "1E24"},
		{"-1000000000000000000000000", "-1E24"},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678E0"},
		{"1234567890123456789012345600", "12345678901234567890123456E2"},
		{"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709551616E0"},
		{"9223372036854775808", "9223372036854775808"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"-9223372036854775809", "-9223372036854775809E0"},
		{"20000000000000000000", "2E19"},
		{"1000000000000000000000000.5", "1000000000000000000000000.5"},
		{"1e30", "1e30"},
		{"1E+30", "1E+30"},
		{"0", "0"}, {"5", "5"}, {"-0.1", "-0.1"},
	} {
		typed := `{"n":{"N":"` + c.in + `"},"s":{"NS":["` + c.in + `"]},"t":{"S":"` + c.in + `"}}`
		out := engine.Apply(t.Context(), stages.ConvertDDB{Exponents: true}, records(typed))
		want := `{"n":` + c.want + `,"s":[` + c.want + `],"t":"` + c.in + `"}`
		if diff := cmp.Diff([]string{want}, emitted(out)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.in, diff)
		}
		before, ok := new(big.Rat).SetString(c.in)
		after, again := new(big.Rat).SetString(c.want)
		if !ok || !again || before.Cmp(after) != 0 {
			t.Errorf("%s became another number, %s", c.in, c.want)
		}
	}
}

func TestConvertDDB(t *testing.T) {
	maps, plainMaps := deep(31, `{"M":{"b":`, `}}`, `{"b":`, `}`)
	lists, plainLists := deep(31, `{"L":[`, `]}`, `[`, `]`)
	long := strings.Repeat("1", 38)
	for _, c := range []struct{ in, want string }{
		{`{}`, `{}`},
		{`{"s":{"S":"text"}}`, `{"s":"text"}`},
		{`{"s":{"S":""},"":{"S":"no name"}}`, `{"s":"","":"no name"}`},
		{`{"s":{"S":"\"\\\/\b\f\n\r\t\u00e9 ü 😀"}}`, `{"s":"\"\\\/\b\f\n\r\t\u00e9 ü 😀"}`},
		{`{"\u0061\n":{"S":"x"}}`, `{"\u0061\n":"x"}`},
		{`{"n":{"N":"12345678901234567890123456789012345678"}}`, `{"n":12345678901234567890123456789012345678}`},
		{`{"n":{"N":"-0.10"}}`, `{"n":-0.10}`},
		{`{"n":{"N":"1.5e-7"}}`, `{"n":1.5e-7}`},
		{`{"n":{"N":"` + long + `E+88"}}`, `{"n":` + long + `E+88}`},
		{`{"n":{"N":"` + long + strings.Repeat("0", 88) + `"}}`, `{"n":` + long + strings.Repeat("0", 88) + `}`},
		{`{"n":{"N":"0.` + strings.Repeat("0", 129) + `1"}}`, `{"n":0.` + strings.Repeat("0", 129) + `1}`},
		{`{"n":{"N":"0e999999999999999999999"}}`, `{"n":0e999999999999999999999}`},
		{`{"b":{"B":""},"c":{"B":"AP8="},"d":{"B":"+/+/"}}`, `{"b":"","c":"AP8=","d":"+/+/"}`},
		{`{"t":{"BOOL":true},"f":{"BOOL":false},"n":{"NULL":true},"o":{"NULL":false}}`, `{"t":true,"f":false,"n":null,"o":null}`},
		{`{"m":{"M":{}},"l":{"L":[]}}`, `{"m":{},"l":[]}`},
		{`{"m":{"M":{"x":{"N":"1"},"y":{"M":{"z":{"BOOL":true}}}}}}`, `{"m":{"x":1,"y":{"z":true}}}`},
		{`{"l":{"L":[{"N":"1"},{"S":"2"},{"L":[{"NULL":true}]}]}}`, `{"l":[1,"2",[null]]}`},
		{`{"a":{"SS":["x","y"]},"b":{"NS":["1","-2.50"]},"c":{"BS":["AA==","AAA="]}}`, `{"a":["x","y"],"b":[1,-2.50],"c":["AA==","AAA="]}`},
		{" {\t\"z\" :\r\n{ \"N\" : \"1\" } , \"a\" : { \"L\" : [ { \"S\" : \" \" } , { \"NS\" : [ \"1\" , \"2\" ] } ] } } \n", `{"z":1,"a":[" ",[1,2]]}`},
		{`{"a":{"\u0053":"x"},"b":{"N":"\u0031"},"c":{"B":"\u002b\/+\/"}}`, `{"a":"x","b":1,"c":"+/+/"}`},
		{maps, plainMaps},
		{lists, plainLists},
	} {
		for form, in := range map[string][]engine.Record{"bytes": records(c.in), "text": encode(records(c.in))} {
			out := engine.Apply(t.Context(), stages.ConvertDDB{}, in)
			if diff := cmp.Diff([]string{c.want}, emitted(out)); diff != "" {
				t.Errorf("%s %s (-want +got)\n%s", form, c.in, diff)
			}
			for _, l := range out.Failed {
				t.Errorf("%s %s: %v", form, c.in, l.Err)
			}
		}
	}
}

func TestConvertDDBFails(t *testing.T) {
	maps, _ := deep(32, `{"M":{"b":`, `}}`, "", "")
	lists, _ := deep(32, `{"L":[`, `]}`, "", "")
	number := func(text string) string { return `{"n":{"N":"` + text + `"}}` }
	for _, c := range []struct{ in, want string }{
		{``, "the data ends too early, at byte 0"},
		{`secret`, "an object of attributes is missing, at byte 0"},
		{`["secret"]`, "an object of attributes is missing, at byte 0"},
		{`{"a":{"S":"secret"}} {`, "there is more data after the value, at byte 21"},
		{`{"a":{"S":"secret"`, "the data ends too early, at byte 18 of attribute a"},
		{`{"a":{"S":"secret`, "the data ends too early, at byte 17 of attribute a"},
		{`{"a":{"S":"secret"},}`, "a string is missing, at byte 20"},
		{`{"a":{"S":"secret"}"b":{"S":"secret"}}`, "a comma or brace is missing, at byte 19"},
		{`{"a" {"S":"secret"}}`, "a colon is missing, at byte 5"},
		{`{"a":"secret"}`, "an object of a type and a value is missing, at byte 5 of attribute a"},
		{`{"a":{}}`, "an attribute value has no type, at byte 6 of attribute a"},
		{`{"a":{"S":"secret","N":"1"}}`, "an attribute value has more than one type, at byte 18 of attribute a"},
		{`{"a":{"S":"secret"]}`, "a brace is missing, at byte 18 of attribute a"},
		{`{"a":{"X":"secret"}}`, `there is no type "X", at byte 10 of attribute a`},
		{`{"a":{"s":"secret"}}`, `there is no type "s", at byte 10 of attribute a`},
		{`{"a":{"` + strings.Repeat("é", 40) + `":"secret"}}`, `there is no type "` + strings.Repeat("é", 32) + `…", at byte`},
		{`{"a":{"S":1}}`, "a string is missing, at byte 10 of attribute a"},
		{`{"a":{"S":"secret` + "\n" + `"}}`, "a string has a control character that is not escaped, at byte 17 of attribute a"},
		{`{"a":{"S":"secret\x"}}`, "a string has an escape that JSON does not know, at byte 17 of attribute a"},
		{`{"a":{"S":"secret\u12"}}`, "a string has an escape that JSON does not know, at byte 17 of attribute a"},
		{`{"a":{"S":"secret` + "\xff" + `"}}`, "a string is not UTF-8, at byte 17 of attribute a"},
		{`{"a` + "\xff" + `":{"S":"secret"}}`, "a string is not UTF-8, at byte 3"},
		{`{"a":{"N":1}}`, "a string is missing, at byte 10 of attribute a"},
		{`{"a":{"B":1}}`, "a string is missing, at byte 10 of attribute a"},
		{`{"a":{"B":"secret"}}`, "binary data is not valid base64, at byte 18 of attribute a"},
		{`{"a":{"B":"===="}}`, "binary data is not valid base64"},
		{`{"a":{"B":"secre\n=="}}`, "binary data is not valid base64"},
		{`{"a":{"BOOL":"true"}}`, "BOOL is neither true nor false, at byte 13 of attribute a"},
		{`{"a":{"BOOL":null}}`, "BOOL is neither true nor false, at byte 13 of attribute a"},
		{`{"a":{"NULL":"true"}}`, "NULL is neither true nor false, at byte 13 of attribute a"},
		{`{"a":{"NULL":null}}`, "NULL is neither true nor false, at byte 13 of attribute a"},
		{`{"a":{"M":[]}}`, "an object of attributes is missing, at byte 10 of attribute a"},
		{`{"a":{"L":{}}}`, "an array is missing, at byte 10 of attribute a"},
		{`{"a":{"L":["secret"]}}`, "an object of a type and a value is missing, at byte 11 of attribute a[0]"},
		{`{"a":{"L":[{"S":"secret"} {"S":"secret"}]}}`, "a comma or bracket is missing, at byte 26 of attribute a"},
		{`{"a":{"SS":["secret",1]}}`, "a string is missing, at byte 21 of attribute a[1]"},
		{`{"a":{"NS":["1","secret"]}}`, "a number has an invalid form, at byte 24 of attribute a[1]"},
		{`{"a":{"BS":["secret"]}}`, "binary data is not valid base64, at byte 20 of attribute a[0]"},
		{`{"a":{"M":{"b c":{"L":[{"S":"secret"},{"M":{"d":{"N":"secret"}}}]}}}}`, "a number has an invalid form, at byte 61 of attribute a.b c[1].d"},
		{`{"` + strings.Repeat("x", 65) + `":{}}`, "of attribute " + strings.Repeat("x", 64) + "…"},
		{maps, "values are nested deeper than the 32 levels of DynamoDB"},
		{lists, "values are nested deeper than the 32 levels of DynamoDB"},
		{number(""), "a number has an invalid form"},
		{number("+1"), "a number has an invalid form"},
		{number(".5"), "a number has an invalid form"},
		{number("5."), "a number has an invalid form"},
		{number("007"), "a number has an invalid form"},
		{number("1e"), "a number has an invalid form"},
		{number("0x10"), "a number has an invalid form"},
		{number("NaN"), "a number has an invalid form"},
		{number("1 "), "a number has an invalid form"},
		{number(strings.Repeat("1", 39)), "a number has more than the 38 digits of DynamoDB"},
		{number("0.1" + strings.Repeat("0", 37) + "1"), "a number has more than the 38 digits of DynamoDB"},
		{number("1E126"), "a number is outside the range of DynamoDB"},
		{number("-10e125"), "a number is outside the range of DynamoDB"},
		{number("1" + strings.Repeat("0", 126)), "a number is outside the range of DynamoDB"},
		{number("9e-131"), "a number is outside the range of DynamoDB"},
		{number("0.9e-130"), "a number is outside the range of DynamoDB"},
		{number("1e99999999999999999999"), "a number is outside the range of DynamoDB"},
		{number("1e-9223372036854775808"), "a number is outside the range of DynamoDB"},
	} {
		out := engine.Apply(t.Context(), stages.ConvertDDB{}, records(`{"a":{"N":"1"}}`, c.in, `{"a":{"N":"2"}}`))
		if diff := cmp.Diff([]string{`{"a":1}`, `{"a":2}`}, emitted(out)); diff != "" {
			t.Errorf("%s: its neighbours (-want +got)\n%s", c.in, diff)
		}
		checkLoss(t, c.in, out.Failed, c.want)
	}
}

// checkLoss checks that the middle one of three records was lost, and the reason.
func checkLoss(t *testing.T, what string, losses []engine.Loss, why string) {
	t.Helper()
	if why == "" {
		if len(losses) > 0 {
			t.Errorf("%s: %v", what, losses[0].Err)
		}
		return
	}
	if len(losses) != 1 || losses[0].Record.Key != "key-1" {
		t.Fatalf("%s: %d records, want the middle one", what, len(losses))
	}
	if text := losses[0].Err.Error(); !strings.Contains(text, why) || strings.Contains(text, "secret") {
		t.Errorf("%s with %q, want %q without data", what, text, why)
	}
}

func TestConvertDDBStage(t *testing.T) {
	in := records(item, `{}`, `not an item`, `{"a":{"S":"`, "")
	enginetest.CheckStage(t, stages.ConvertDDB{}, in)
}

// item has 15 attributes of all types.
const item = `{"pk":{"S":"CUSTOMER#0f8fad5b-d9cb-469f-a165-70867728950e"},"sk":{"S":"ORDER#2026-11-22T23:20:00.000Z"},` +
	`"total":{"N":"1234.50"},"count":{"N":"17"},"paid":{"BOOL":true},"coupon":{"NULL":true},` +
	`"signature":{"B":"MEUCIQDTGVxh4yW3mVGHJdGz1k0cJ0rUo1vW6mJ2mK3k3XgC3wIgYw=="},` +
	`"address":{"M":{"street":{"S":"Unter den Linden 1"},"city":{"S":"Berlin"},"zip":{"S":"10117"},"geo":{"L":[{"N":"52.5170365"},{"N":"13.3888599"}]}}},` +
	`"lines":{"L":[{"M":{"sku":{"S":"A-1"},"n":{"N":"2"}}},{"M":{"sku":{"S":"B-2"},"n":{"N":"15"}}}]},` +
	`"tags":{"SS":["new","priority"]},"scores":{"NS":["1","2.5","-3"]},"keys":{"BS":["AAEC","AwQF"]},` +
	`"name":{"S":"Jürgen \"J\" Müller"},"note":{"S":"Please leave the parcel with the neighbours on the second floor, thank you."},"version":{"N":"42"}}`

func TestConvertDDBAllocs(t *testing.T) {
	allocs := func(n int) float64 {
		in := records(slices.Repeat([]string{item}, n)...)
		return testing.AllocsPerRun(10, func() {
			if out := engine.Apply(t.Context(), stages.ConvertDDB{}, in); len(out.Emitted) != n {
				t.Errorf("%v", out.Failed)
			}
		})
	}
	if extra := allocs(1024) - allocs(16); extra > 16 {
		t.Errorf("%v allocations for 1008 more records", extra)
	}
}

func ExampleConvertDDB() {
	in := records(`{"id":{"N":"12345678901234567890"},"tags":{"SS":["a","b"]},"data":{"B":"AAEC"}}`)
	out := engine.Apply(context.Background(), stages.ConvertDDB{}, in)
	for _, r := range out.Emitted {
		fmt.Println(string(r.Data.Bytes()))
	}
	// Output:
	// {"id":12345678901234567890,"tags":["a","b"],"data":"AAEC"}
}

// FuzzConvertDDB compares with a converter written for clarity, not for speed.
func FuzzConvertDDB(f *testing.F) {
	f.Add([]byte(item))
	f.Add([]byte(` { "a" : { "L" : [ { "NS" : [ "-0.5E-3" ] } , { "NULL" : true } ] } } `))
	f.Add([]byte(`{"\u0061":{"\u0053":"\ud83d\ude00\/"},"b":{"B":"\u002b+\/\/"},"n":{"N":"\u0031e125"}}`))
	f.Add([]byte(`{"a":{"S":"x","S":"y"}}`))
	f.Add([]byte(`{"a":{"N":"0.00000000000000000000000000000000000000000000000000000000000000000000000000000001e-60"}}`))
	f.Add([]byte("{\"a\":{\"BS\":[\"AA==\",\"A\xff==\"]}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out := engine.Apply(t.Context(), stages.ConvertDDB{}, records(string(data)))
		want, err := refer(data)
		if err != nil {
			if len(out.Failed) != 1 {
				t.Fatalf("%q became %q and should fail: %v", data, emitted(out), err)
			}
			return
		}
		if len(out.Failed) > 0 {
			t.Fatalf("%q: %v", data, out.Failed[0].Err)
		}
		got := out.Emitted[0].Data.Bytes()
		var text bytes.Buffer
		if err := json.Compact(&text, got); err != nil || !bytes.Equal(text.Bytes(), got) {
			t.Fatalf("%q became %q, which is not compact JSON: %v", data, got, err)
		}
		if known := out.Emitted[0].Data.KnownJSON(); known != !bytes.ContainsAny(got, "\uFFFE\uFFFF") {
			t.Fatalf("%q became %q, known to be JSON for XML: %v", data, got, known)
		}
		if diff := cmp.Diff(want, tokens(t, got)); diff != "" {
			t.Fatalf("%q became %q (-want +got)\n%s", data, got, diff)
		}
	})
}

func BenchmarkConvertDDB(b *testing.B) {
	const n = 100
	in := records(slices.Repeat([]string{item}, n)...)
	b.SetBytes(int64(n * len(item)))
	b.ReportAllocs()
	for b.Loop() {
		if out := engine.Apply(b.Context(), stages.ConvertDDB{}, in); len(out.Emitted) != n {
			b.Fatal(out.Failed[0].Err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}
