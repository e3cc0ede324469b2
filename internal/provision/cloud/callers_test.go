package cloud

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCallers(t *testing.T) {
	got, err := callersIn(`{"Statement": [
		{"Sid": "a", "Effect": "Allow", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:x"}}, "Principal": "*"},
		{"Sid": "b", "Effect": "Deny", "Condition": {"ArnLike": {"aws:SourceArn": "arn:y"}}},
		{"Sid": "c", "Condition": {"ArnEquals": {"aws:sourcearn": "arn:z"}}},
		{"Sid": "d", "Condition": {"Bool": {"x": true}, "ArnLike": {"aws:SourceArn": ["arn:v", "arn:w"]}}}, {"Sid": "e"}]}`)
	want := []Caller{{"a", "arn:x"}, {"c", "arn:z"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if _, err := callersIn("{"); err == nil {
		t.Error("half a policy was read")
	}
}
