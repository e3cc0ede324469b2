package hooks

import (
	"strings"
	"testing"
)

func TestCheckFilterOfAService(t *testing.T) {
	for _, c := range []struct{ service, pattern, want string }{
		{"kinesis", `{"data": {"a": ["b"]}, "partitionKey": ["k"]}`, ""},
		{"dynamodb", `{"eventName": ["INSERT"]}`, ""},
		{"sns", `{"team": ["network"]}`, ""},
		{"kinesis", `{"dat": {"a": ["b"]}}`, "--filter: dat: a Kinesis record has no such field; did you mean data?"},
		{"dynamodb", `{"dynamodb": {"NewImage": {"a": {"S": [{"prefx": "b"}]}}}, "eventname": ["x"]}`, "--filter: dynamodb.NewImage.a.S[0].prefx: is not an operator here; did you mean prefix?"},
		{"sns", `{"Sns": {"Message": ["a"]}}`, "--filter is an event pattern, but a subscription takes a filter policy of message attributes, "},
	} {
		wantErr(t, CheckFilter(c.pattern, c.service), c.want)
	}
}

func TestFilterLimits(t *testing.T) {
	const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789"
	for _, c := range []struct {
		source, pattern string
		want            []string
	}{
		{table, `{"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": [{"prefix": "a"}, null]}}}}`, nil},
		{table, `{"$or": [{"userIdentity": {"type": ["Service"]}}, {"dynamodb.Keys.id.S": [{"wildcard": "a*"}]}]}`, []string{
			"the Lambda guide does not list userIdentity as a field", "the Lambda guide does not list wildcard as an operator"}},
		{stream, `{"data": {"a": [{"anything-but": {"prefix": "b"}}, {"anything-but": ["c"]}, {"suffix": {"equals-ignore-case": "d"}}, {"cidr": "10.0.0.0/8"}]}}`, []string{
			"Lambda's filter drops the records of " + stream + " whose data is not JSON, and aggregates of the Kinesis Producer Library; ",
			"the Lambda guide does not list cidr, equals-ignore-case in suffix, prefix in anything-but as an operator"}},
		{stream + "/consumer/c:1", `{"data": {"a": ["b"]}}`, []string{"Lambda's filter drops the records of " + stream + "/consumer/c:1 whose data is not JSON; "}},
		{stream, `{"partitionKey": ["b"]}`, []string{"the Lambda guide does not list partitionKey as a field"}},
	} {
		got := FilterLimits(c.source, []string{c.pattern})
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", c.pattern, got)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], c.want[i]) {
				t.Errorf("%s: %q, want %q", c.pattern, got[i], c.want[i])
			}
		}
	}
}

func TestCheckFilter(t *testing.T) {
	for _, good := range []string{
		`{}`, `{"data": {"status": ["paid"]}}`, `{"a": ["x", null, {"prefix": "y"}], "b": {"c": {"d": [1]}}}`,
		`{"$or": [{"a": [1]}, {"b": [2]}]}`, `{"a": ["` + strings.Repeat("ä", 4000) + `"]}`,
	} {
		wantErr(t, CheckFilter(good, ""), "")
	}
	for pattern, want := range map[string]string{
		"":                                 `--filter is ""; it must be a JSON object, `,
		"[]":                               `--filter is "[]"; it must be a JSON object, `,
		"null":                             `--filter is "null"; it must be a JSON object, `,
		"nonsense":                         `--filter is "nonsense"; it must be a JSON object, `,
		`"{}"`:                             `--filter is "\"{}\""; it must be a JSON object, `,
		`{"data": {"status": "paid"}}`:     `--filter is "{\"data\": {\"status\": \"paid\"}}"; the value of "data.status" must be a list `,
		`{"a": ["x"], "b": null, "c": {}}`: `--filter is "{\"a\": [\"x\"], \"b\": null, \"c\": {}}"; the value of "b" must be a list `,
		`{"a": []}`:                        `--filter is "{\"a\": []}"; the value of "a" must be a list `,
		`{"a": ["` + strings.Repeat("x", 4096) + `"]}`: "--filter has more than 4096 characters: ",
	} {
		wantErr(t, CheckFilter(pattern, ""), want)
	}
}
