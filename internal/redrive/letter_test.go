package redrive

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda/envelope"
)

// letter returns the text of an envelope.
func letter(target, seq string) string {
	e := envelope.Envelope{Version: 1, Source: "source", Target: target, Shard: "shard", Sequence: seq, Key: "k", Data: []byte(target + seq), Staged: true}
	text, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	return string(text)
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// summary describes letters, in order.
func summary(letters []Letter) (all []string) {
	for _, l := range letters {
		text := fmt.Sprintf("%d %s%s", l.Line, l.Target, l.Sequence)
		if l.Err != nil {
			text = fmt.Sprintf("%d %v", l.Line, l.Err)
		} else if string(l.Data) != l.Target+l.Sequence {
			text += " with other data"
		}
		all = append(all, text)
	}
	return all
}

func TestReadFile(t *testing.T) {
	a, b := letter("a", "1"), letter("b", "2")
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":         {"", nil},
		"a mark":          {"\uFEFF" + a, []string{"1 a1"}},
		"empty lines":     {" \n\n", nil},
		"lines":           {a + "\n\n" + b + "\n", []string{"1 a1", "3 b2"}},
		"side by side":    {a + b, []string{"1 a1", "1 b2"}},
		"a list":          {`{"Records":[` + a + ",\n" + b + "]}\n" + a, []string{"1 a1", "1 b2", "3 a1"}},
		"a notification":  {`{"Type":"Notification","MessageId":"m","Message":` + quoted(a) + `}`, []string{"1 a1"}},
		"base64":          {`{"Type":"Notification","Message":"` + base64.StdEncoding.EncodeToString([]byte(a)) + `"}`, []string{"1 a1"}},
		"a file target's": {`{"key":"k","data":` + quoted(a) + "}\n" + `{"data64":"` + base64.StdEncoding.EncodeToString([]byte(b)) + `"}`, []string{"1 a1", "2 b2"}},
		"the API's":       {`{"Messages":[{"Body":` + quoted(a) + `},{"Body":` + quoted(b) + `}]}`, []string{"1 a1", "1 b2"}},
		"an event":        {`{"Records":[{"eventSource":"aws:sqs","body":` + quoted(a) + `}]}`, []string{"1 a1"}},
		"not JSON":        {a + "\nhello\n" + b, []string{"1 a1", "2 it is not JSON", "3 b2"}},
		"cut off":         {a + "\n" + b[:20] + "\n" + b, []string{"1 a1", "2 it is not JSON", "3 b2"}},
		"cut off at last": {a + "\n" + b[:20], []string{"1 a1", "2 it is not JSON"}},
		"other JSON":      {`7 {"a":1} "x" null`, []string{`1 it is not the JSON of an envelope`, `1 it is not an envelope: "fanout" is missing`, "1 it is not the JSON of an envelope", `1 it is not an envelope: "fanout" is missing`}},
		"an empty list":   {`{"Records":[]}`, []string{"1 it is not an envelope, but an empty list"}},
		"a version":       {`{"fanout":2}`, []string{"1 its version is 2, but this fanout reads version 1"}},
		"a deep one":      {strings.Repeat(`{"Records":[`, 20) + a + strings.Repeat("]}", 20), []string{"1 it is not an envelope: it is nested too deeply"}},
	} {
		if diff := cmp.Diff(c.want, summary(ReadFile([]byte(c.text)))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestGroups(t *testing.T) {
	var letters []*Letter
	for _, l := range [][2]string{{"b", "10"}, {"a", "x"}, {"b", "9"}, {"a", "7"}, {"b", "009"}, {"a", "y"}} {
		read := ReadFile([]byte(letter(l[0], l[1])))
		letters = append(letters, &read[0])
	}
	groups := func(o Only) (all []string) {
		var wanted []*Letter
		for _, l := range letters {
			if o.Wants(l) {
				wanted = append(wanted, l)
			}
		}
		for _, g := range o.Groups(wanted) {
			text := g.Target + ":"
			for _, l := range g.Letters {
				text += " " + l.Sequence
			}
			all = append(all, text)
		}
		return all
	}
	for _, c := range []struct {
		only Only
		want []string
	}{
		{Only{}, []string{"a: 7 x y", "b: 9 009 10"}},
		{Only{Target: "a"}, []string{"a: 7 x y"}},
		{Only{Source: "other"}, nil},
		{Only{Source: "source", Target: "a", To: "c"}, []string{"c: 7 x y"}},
	} {
		if diff := cmp.Diff(c.want, groups(c.only)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", c.only, diff)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte(letter("a", "1") + "\n" + letter("b", "2")))
	f.Add([]byte(`{"Records":[` + letter("a", "1") + `]}`))
	f.Add([]byte(`{"Type":"Notification","Message":` + quoted(letter("a", "1")) + `}`))
	f.Add([]byte("\uFEFF" + letter("a", "1")))
	f.Add([]byte("{\n\n]{\"data\":\"x\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := 1 + strings.Count(string(data), "\n")
		last := 1
		for _, l := range ReadFile(data) {
			if l.Line < last || l.Line > lines {
				t.Fatalf("a letter is on line %d of %d, after one on line %d", l.Line, lines, last)
			}
			last = l.Line
		}
		// An envelope is found after any other text.
		all := ReadFile([]byte(string(data) + "\n" + letter("last", "9")))
		if n := len(all); n == 0 || all[n-1].Err != nil || all[n-1].Target != "last" {
			t.Fatalf("the last line is not read: %v", summary(all))
		}
	})
}
