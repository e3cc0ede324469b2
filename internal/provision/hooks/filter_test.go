package hooks

import (
	"strings"
	"testing"
)

func TestCheckFilter(t *testing.T) {
	for _, good := range []string{
		`{}`, `{"data": {"status": ["paid"]}}`, `{"a": ["x", null, {"prefix": "y"}], "b": {"c": {"d": [1]}}}`,
		`{"$or": [{"a": [1]}, {"b": [2]}]}`, `{"a": ["` + strings.Repeat("ä", 4000) + `"]}`,
	} {
		wantErr(t, CheckFilter(good), "")
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
		wantErr(t, CheckFilter(pattern), want)
	}
}
