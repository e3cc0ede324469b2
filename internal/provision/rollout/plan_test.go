package rollout

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
	"fanout/lambda/target"
)

const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

var (
	errDenied = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
	errBroken = errors.New("broken")
)

// values are the attributes of a target such as "a", which is active, "-a", which is
// not, or "a>other", which has another destination.
func values(text string) target.Values {
	str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
	active, inactive := strings.CutPrefix(text, "-")
	id, destination, found := strings.Cut(active, ">")
	if !found {
		destination = "copy"
	}
	return target.Values{
		"sourceArn": str(stream), "id": str(id), "type": str("kinesis"), "destination": str(destination),
		"active": {Kind: target.Bool, Text: fmt.Sprint(!inactive)},
	}
}

func entries(texts ...string) []registry.Entry {
	var all []registry.Entry
	for _, text := range texts {
		v := values(text)
		all = append(all, registry.Entry{Loaded: fanout.Builtin().Read(v, v["id"].Text)})
	}
	return all
}

// change is a change such as "+a" for a new target, "~a" for a changed one, and "x a" for
// one that goes.
func change(text string) registry.Change {
	kind := map[byte]registry.Kind{'+': registry.Create, '=': registry.Replace, '~': registry.Update, 'x': registry.Remove}[text[0]]
	v := values(text[1:])
	c := registry.Change{Source: stream, ID: v["id"].Text, Kind: kind, Set: v}
	if kind == registry.Remove {
		c.Set = nil
	}
	return c
}

// set is an update of one attribute.
func set(id, attribute string, v target.Value) registry.Change {
	return registry.Change{Source: stream, ID: id, Kind: registry.Update, Set: target.Values{attribute: v}}
}

var (
	on    = target.Value{Kind: target.Bool, Text: "true"}
	off   = target.Value{Kind: target.Bool, Text: "false"}
	wrong = target.Value{Kind: target.String, Text: "nonsense"}
)

// text describes a plan in a line for each step.
func (p Plan) text() string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(string(s.Do))
		for _, t := range s.Targets {
			b.WriteString(" ")
			if !t.Active {
				b.WriteString("-")
			}
			b.WriteString(t.ID)
			if name := t.Destination.String(); name != "copy" {
				b.WriteString(">" + name)
			}
		}
		if s.Must {
			b.WriteString(" !")
		}
		b.WriteString("\n")
	}
	if p.Activates {
		b.WriteString("activates\n")
	}
	if p.Err != nil {
		fmt.Fprintf(&b, "err %v\n", p.Err)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	f := &role.Function{}
	for _, test := range []struct {
		name   string
		before Before
		change registry.Change
		want   string
	}{
		{"a new active target", Before{Function: f, Targets: entries("a")}, change("+b"),
			"look up b !\nneed a b !\npolicy a b !\nwrite\npolicy a b\nactivates\n"},
		{"a new inactive target", Before{Function: f, Targets: entries("a")}, change("+-b"),
			"look up -b !\nneed a -b !\npolicy a -b !\nwrite\npolicy a -b\n"},
		{"an active target goes, and keeps its rights", Before{Function: f, Targets: entries("a", "b")}, change("xb"),
			"need a\npolicy a b\nwrite\npolicy a b\n"},
		{"an inactive target goes", Before{Function: f, Targets: entries("a", "-b")}, change("x-b"),
			"need a\npolicy a -b\nwrite\npolicy a\n"},
		{"another destination", Before{Function: f, Targets: entries("a")}, change("=a>other"),
			"look up a>other !\nneed a>other !\npolicy a a>other !\nwrite\npolicy a>other a\nactivates\n"},
		{"another destination of an inactive target", Before{Function: f, Targets: entries("-a")}, change("=-a>other"),
			"look up -a>other !\nneed -a>other !\npolicy -a -a>other !\nwrite\npolicy -a>other\n"},
		{"a target is activated", Before{Function: f, Targets: entries("-a")}, set("a", "active", on),
			"look up a !\nneed a !\npolicy -a !\nwrite\npolicy a\nactivates\n"},
		{"a target is stopped", Before{Function: f, Targets: entries("a")}, set("a", "active", off),
			"need -a\npolicy a\nwrite\npolicy -a\n"},
		{"a target becomes faulty", Before{Function: f, Targets: entries("a")}, set("a", "type", wrong),
			"need\npolicy a\nwrite\npolicy a\n"},
		{"nothing changes", Before{Function: f, Targets: entries("a")}, set("a", "active", on),
			"need a\npolicy a\nwrite\npolicy a\n"},

		{"a policy that the user writes", Before{Function: f, ByHand: true}, change("+a"),
			"look up a !\nneed a !\nwrite\nactivates\n"},
		{"a role that deploy did not make", Before{Function: f, Role: cloud.Foreign}, change("+a"),
			"look up a !\nneed a !\nwrite\nactivates\n"},
		{"no right to look at the role", Before{Function: f, RoleErr: errDenied}, change("+a"),
			"look up a !\nwrite\nactivates\nerr " + errDenied.Error() + "\n"},
		{"the role is unknown, and only a right goes", Before{Function: f, Targets: entries("a"), RoleErr: errBroken}, change("xa"),
			"write\nerr broken\n"},

		{"no function", Before{}, change("+a"), "write\nactivates\n"},
		{"no right to look at the function", Before{Err: errDenied}, change("+a"), "write\nactivates\nerr " + errDenied.Error() + "\n"},
		{"no right to look at the targets", Before{Function: f, Err: errDenied}, change("+-a"), "write\nerr " + errDenied.Error() + "\n"},
		{"the function is unknown, and a target goes", Before{Err: errBroken}, change("xa"), "write\nerr broken\n"},
		{"the function is unknown, and a target stops", Before{Err: errBroken}, set("a", "active", off), "write\nerr broken\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(fanout.Builtin(), test.before, []registry.Change{test.change})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, p.text()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := test.before.ByHand || test.before.Role != ""; p.ByHand != want || p.Role != test.before.Role {
				t.Errorf("by hand: %t, want %t; role %q, want %q", p.ByHand, want, p.Role, test.before.Role)
			}
		})
	}
}

// Changes that need rights are refused if nothing is known about the rights.
func TestPlanRefuses(t *testing.T) {
	f := &role.Function{}
	for name, test := range map[string]struct {
		before Before
		change registry.Change
		want   string
	}{
		"a new target, the function is unknown":      {Before{Err: errBroken}, change("+-a"), "broken"},
		"a target changes, the function is unknown":  {Before{Err: errBroken}, set("a", "destination", wrong), "broken"},
		"a target is activated, targets are unknown": {Before{Function: f, Err: errBroken}, set("a", "active", on), "broken"},
		"a new target, the role is unknown": {Before{Function: f, RoleErr: errBroken}, change("+-a"),
			"nothing was written to the table, because the function's role cannot get the rights: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(fanout.Builtin(), test.before, []registry.Change{test.change}); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
