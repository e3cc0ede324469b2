package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnion(t *testing.T) {
	send := func(resources ...string) Statement {
		return Statement{Sid: "SendToSQS", Effect: "Allow", Action: Strings{"sqs:SendMessage"}, Resource: resources}
	}
	logs := Statement{Sid: "WriteLogs", Effect: "Allow", Action: Strings{"logs:PutLogEvents"}, Resource: Strings{"l"}}
	other := Statement{Sid: "SendToSQS", Effect: "Allow", Action: Strings{"sqs:*"}, Resource: Strings{"x"}}
	d := Document{Version: version, Statement: []Statement{send("a", "c")}}
	got := Union(d, Document{Version: version, Statement: []Statement{send("b", "c"), logs}})
	if diff := cmp.Diff(Document{Version: version, Statement: []Statement{send("a", "b", "c"), logs}}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Document{Version: version, Statement: []Statement{send("a", "c")}}, d); diff != "" {
		t.Errorf("the first was changed: %s", diff)
	}
	if diff := cmp.Diff(d, Union(d, Document{Statement: []Statement{other}})); diff != "" {
		t.Errorf("actions that are not those of the statement came in: %s", diff)
	}
}
