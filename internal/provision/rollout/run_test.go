package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
	"fanout/sinks"
)

// fake is a role and a table. It logs calls, and fails those in fail. The policy of
// targets has their ids.
type fake struct {
	fail   map[string]error // by the words of a call in the log
	policy string           // of the role; "": none
	log    []string
}

func (f *fake) call(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	f.log = append(f.log, text)
	return f.fail[text]
}

func (f *fake) CheckTarget(_ context.Context, _ *role.Function, t sinks.Spec) error {
	return f.call("look up %s", t.ID)
}

func (f *fake) PolicyFor(_ context.Context, _ *role.Function, targets []sinks.Spec, _ ...policy.Source) (role.Needs, error) {
	var ids []string
	for _, t := range targets {
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	return role.Needs{Document: policy.Document{Statement: []policy.Statement{{Effect: "Allow", Action: ids, Resource: []string{"*"}}}}},
		f.call("policy for %s", strings.Join(ids, " "))
}

func (f *fake) Write(_ context.Context, _ *role.Function, needs role.Needs) (cloud.Outcome, error) {
	text := strings.Join(needs.Document.Statement[0].Action, " ")
	if err := f.call("write policy %s", text); err != nil {
		return "", err
	}
	if text == f.policy {
		return cloud.Unchanged, nil
	}
	f.policy = text
	return cloud.Updated, nil
}

func (f *fake) Sync(context.Context, *role.Function, ...policy.Source) (cloud.Outcome, role.Needs, error) {
	return cloud.Updated, role.Needs{}, f.call("bring in step")
}

func (f *fake) Apply(context.Context, ...registry.Change) error { return f.call("write table") }

// run makes a change, and returns the log.
func (f *fake) run(t *testing.T, before Before, c registry.Change) (string, Result, error) {
	t.Helper()
	before.Function = &role.Function{}
	p, err := New(fanout.Builtin(), before, []registry.Change{c})
	if err != nil {
		t.Fatal(err)
	}
	r := Runner{Policies: f, Table: f, Function: before.Function, Written: func(Result) error { return f.call("print") }}
	result, err := r.Run(t.Context(), p)
	return strings.Join(f.log, "\n") + "\n", result, err
}

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name    string
		before  Before
		change  registry.Change
		policy  string
		fail    map[string]error
		log     string
		outcome cloud.Outcome
		keeps   bool
		err     error // of the result
	}{
		{name: "new rights come first", before: Before{Targets: entries("a")}, change: change("+b"), policy: "a",
			log: "look up b\npolicy for a b\npolicy for a b\nwrite policy a b\nwrite table\nprint\npolicy for a b\nwrite policy a b\n", outcome: cloud.Updated},
		{name: "old rights go last", before: Before{Targets: entries("-a")}, change: change("x-a"), policy: "a",
			log: "policy for \npolicy for a\nwrite policy a\nwrite table\nprint\npolicy for \nwrite policy \n", outcome: cloud.Updated},
		{name: "an active target keeps its rights", before: Before{Targets: entries("a", "b")}, change: change("xb"), policy: "a b",
			log: "policy for a\npolicy for a b\nwrite policy a b\nwrite table\nprint\npolicy for a b\nwrite policy a b\n", outcome: cloud.Unchanged, keeps: true},
		{name: "all rights together are too long", before: Before{Targets: entries("a", "b")}, change: change("xb"), policy: "a b",
			fail: map[string]error{"policy for a b": policy.ErrTooLong},
			log:  "policy for a\npolicy for a b\nwrite policy a\nwrite table\nprint\npolicy for a b\nwrite policy a\n", outcome: cloud.Updated},
		{name: "no right to look a target up", before: Before{}, change: change("+a"),
			fail: map[string]error{"look up a": errDenied},
			log:  "look up a\npolicy for a\npolicy for a\nwrite policy a\nwrite table\nprint\npolicy for a\nwrite policy a\n", outcome: cloud.Updated},
		{name: "no right to write the policy", before: Before{}, change: change("+a"),
			fail: map[string]error{"write policy a": errDenied},
			log:  "look up a\npolicy for a\npolicy for a\nwrite policy a\nwrite table\nprint\n", err: errDenied},
		{name: "the policy is unknown, and a target goes", before: Before{Targets: entries("a")}, change: change("xa"), policy: "a",
			fail: map[string]error{"policy for ": errBroken},
			log:  "policy for \nwrite table\nprint\n", err: errBroken},
		{name: "the end of the policy fails", before: Before{Targets: entries("-a")}, change: change("x-a"), policy: "a",
			fail: map[string]error{"write policy ": errBroken},
			log:  "policy for \npolicy for a\nwrite policy a\nwrite table\nprint\npolicy for \nwrite policy \n", outcome: cloud.Unchanged, err: errBroken},
		{name: "the user writes the policy, which may be too long", before: Before{ByHand: true}, change: change("+a"),
			fail: map[string]error{"policy for a": policy.ErrTooLong},
			log:  "look up a\npolicy for a\nwrite table\nprint\n"},
		{name: "the role is another's", before: Before{Role: cloud.Foreign}, change: change("+a"),
			log: "look up a\npolicy for a\nwrite table\nprint\n", outcome: cloud.Foreign},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{policy: test.policy, fail: test.fail}
			log, result, err := f.run(t, test.before, test.change)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.log, log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if result.Outcome != test.outcome || result.Keeps != test.keeps && result.Err == nil || !errors.Is(result.Err, test.err) {
				t.Errorf("got %q, keeps %t, %v; want %q, %t, %v", result.Outcome, result.Keeps, result.Err, test.outcome, test.keeps, test.err)
			}
		})
	}
}

// A refused change leaves the table alone.
func TestRunRefuses(t *testing.T) {
	const noRights = "nothing was written to the table, because the function's role cannot get the rights: "
	for call, want := range map[string]string{
		"look up a":      "nothing was written, because fanout cannot determine the policy: broken",
		"policy for a":   noRights + "broken",
		"write policy a": noRights + "broken",
	} {
		f := &fake{fail: map[string]error{call: errBroken}}
		log, _, err := f.run(t, Before{}, change("+a"))
		if err == nil || err.Error() != want || strings.Contains(log, "table") {
			t.Errorf("%s: got %v, want %s; %s", call, err, want, log)
		}
	}
	f := &fake{fail: map[string]error{"policy for a": policy.ErrTooLong}}
	if _, _, err := f.run(t, Before{}, change("+a")); !errors.Is(err, policy.ErrTooLong) {
		t.Errorf("got %v, want a policy that is too long", err)
	}
}

// If the table refuses the changes, the policy follows the table.
func TestRunReverts(t *testing.T) {
	for name, test := range map[string]struct {
		policy string
		revert error
		want   string
	}{
		"the policy was written":     {"", nil, "write table\nbring in step\n"},
		"and cannot be written back": {"", errBroken, "write table\nbring in step\n"},
		"the policy is unchanged":    {"a", nil, "write table\n"},
	} {
		f := &fake{policy: test.policy, fail: map[string]error{"write table": errors.New("no table"), "bring in step": test.revert}}
		log, result, err := f.run(t, Before{}, change("+a"))
		if err == nil || err.Error() != "no table" || !errors.Is(result.RevertErr, test.revert) || !strings.HasSuffix(log, test.want) {
			t.Errorf("%s: got %v, %v and %s, want %s", name, err, result.RevertErr, log, test.want)
		}
	}
}

// If the outcome cannot be printed, the role keeps its rights.
func TestRunCannotPrint(t *testing.T) {
	f := &fake{policy: "a", fail: map[string]error{"print": errBroken}}
	log, _, err := f.run(t, Before{Targets: entries("-a")}, change("x-a"))
	if !errors.Is(err, errBroken) || !strings.HasSuffix(log, "print\n") || f.policy != "a" {
		t.Errorf("got %v and the policy %q, after %s", err, f.policy, log)
	}
}
