package function

import (
	"bytes"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/lambda/target"
)

// Faulty targets are left out of a template and reported.
func TestUsable(t *testing.T) {
	good, bad := redis("good", "redis://h"), redis("bad", "u:p@h")
	good.Faults = nil // it lacks the attribute active
	var errs bytes.Buffer
	all := usable(&errs, []target.Loaded{bad, good})
	if len(all) != 1 || all[0].ID != "good" {
		t.Errorf("%d targets are left", len(all))
	}
	if !strings.Contains(errs.String(), `fanout: warning: target "bad": destination: has a user or password and no scheme; `) {
		t.Errorf("no warning: %s", &errs)
	}
}

// redis is a target of orders.
func redis(id, destination string) target.Loaded {
	v := make(target.Values)
	for name, text := range map[string]string{"sourceArn": clitest.Orders, "id": id, "type": "redis", "destination": destination} {
		v[name] = target.Value{Kind: target.String, Text: text}
	}
	return lambda.Builtin().Read(v, id)
}
