package lint

import (
	"testing"

	"fanout/internal/pattern"
	"fanout/lambda"
	"fanout/lambda/target"
)

// A filter is reported only if it matches no record, and the matcher agrees on a record that
// has everything.
func TestUnmatched(t *testing.T) {
	const raw = `{"eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":{"Keys":{"id":{"N":"1"}},
		"NewImage":{"id":{"N":"1"},"total":{"N":"5"},"name":{"S":"a"},"set":{"NS":["1","2"]},"m":{"M":{"n":{"N":"7"}}},"l":{"L":[{"N":"3"},{"S":"x"}]},"N":{"S":"b"}}}}`
	const plain = `{"eventName":"INSERT","dynamodb":{"Keys":{"id":1},"NewImage":{"id":1,"total":5,"name":"a","set":[1,2],"m":{"n":7},"l":[3,"x"]}}}`
	for _, tt := range []struct {
		filter  string
		convert bool
		want    string // "": it may match, and matches the record
	}{
		{`{"dynamodb":{"NewImage":{"total":{"N":[{"numeric":[">",1]}]}}}}`, false, "dynamodb.NewImage.total.N is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type"},
		{`{"dynamodb":{"NewImage":{"total":{"N":[5]}}}}`, false, "dynamodb.NewImage.total.N is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type"},
		{`{"dynamodb":{"NewImage":{"set":{"NS":[1]}}}}`, false, "dynamodb.NewImage.set.NS is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type"},
		{`{"dynamodb":{"NewImage":{"m":{"M":{"n":{"N":[7]}}}}}}`, false, "dynamodb.NewImage.m.M.n.N is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type"},
		{`{"dynamodb":{"NewImage":{"l":{"L":{"N":[3]}}}}}`, false, "dynamodb.NewImage.l.L.N is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type"},
		{`{"dynamodb":{"Keys":{"id":[1]}}}`, false, `dynamodb.Keys.id is an object with the type of the value, such as {"S": …}; add convertDDB, or the type`},
		{`{"dynamodb":{"NewImage":{"name":["a",{"exists":true}]}}}`, false, `dynamodb.NewImage.name is an object with the type of the value, such as {"S": …}; add convertDDB, or the type`},
		{`{"eventName":["CREATE","UPDATE"]}`, false, "eventName of a DynamoDB stream is INSERT, MODIFY, REMOVE"},
		{`{"$or":[{"eventName":["CREATE"]},{"dynamodb":{"NewImage":{"total":{"N":[1]}}}}]}`, true, ""},
		{`{"$or":[{"eventName":["CREATE"]},{"dynamodb":{"NewImage":{"total":{"N":[5]}}}}]}`, false, "$or[0].eventName of a DynamoDB stream is INSERT, MODIFY, REMOVE"},

		{`{"dynamodb":{"NewImage":{"total":{"N":["5"]}}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"total":{"N":[7,"5"]}}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"total":{"N":[{"anything-but":7}]}}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"name":{"S":[{"prefix":"a"}]}}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"none":[{"exists":false}]}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"N":{"S":["b"]}}}}`, false, ""},
		{`{"dynamodb":{"NewImage":{"total":[{"numeric":[">",1]}]}}}`, true, ""},
		{`{"eventName":["CREATE","INSERT"]}`, false, ""},
		{`{"eventName":[{"prefix":"IN"}]}`, false, ""},
		{`{"$or":[{"eventName":["CREATE"]},{"eventName":["INSERT"]}]}`, false, ""},
	} {
		l := lambda.Builtin().Read(target.Values{
			"sourceArn":   {Kind: target.String, Text: "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/1"},
			"id":          {Kind: target.String, Text: "a"},
			"type":        {Kind: target.String, Text: "kinesis"},
			"destination": {Kind: target.String, Text: "copy"},
			"active":      {Kind: target.Bool, Text: "true"},
			"convertDDB":  {Kind: target.Bool, Text: map[bool]string{true: "true", false: "false"}[tt.convert]},
			"filter":      {Kind: target.String, Text: tt.filter},
		}, "a")
		if len(l.Faults) > 0 {
			t.Fatal(l.Faults)
		}
		if got := unmatched(&l.Spec); got != tt.want {
			t.Errorf("%s: %q; want %q", tt.filter, got, tt.want)
		}
		p, err := pattern.Compile([]byte(tt.filter))
		if err != nil {
			t.Fatal(err)
		}
		event := raw
		if tt.convert {
			event = plain
		}
		if matches := p.MatchJSON([]byte(event)); matches && tt.want != "" || !matches && tt.want == "" && tt.filter[2] != '$' {
			t.Errorf("%s: matches %v", tt.filter, matches)
		}
	}
}
