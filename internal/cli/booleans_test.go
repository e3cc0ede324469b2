package cli

import (
	"bytes"
	"testing"

	"fanout/lambda"
)

func TestBooleans(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"TRUE", "--active=true"}, {"False", "--active=false"}, {"1", "--active=1"}, {"", "--active="}, {"yes", "--active=yes"},
	} {
		if got := joinBooleans(newRoot(lambda.Builtin()), []string{"register", "sqs", "--active", tt.value}); got[len(got)-1] != tt.want {
			t.Errorf("%q: got %v, want %s", tt.value, got, tt.want)
		}
	}
	var errs bytes.Buffer
	status := execute([]string{"register", "sqs", "--active", ""}, nil, &errs, &errs)
	if want := "fanout: --active is \"\"; it must be true or false\n"; status != exitUsage || errs.String() != want {
		t.Errorf("exit status %d: %q, want %q", status, errs.String(), want)
	}
}
