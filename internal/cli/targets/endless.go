package targets

import (
	"context"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/lambda/target"
)

// warnOfEndless warns about a new target whose rejected records would hold up their shard:
// nothing takes them, and Lambda retries them without end. It says nothing if that cannot be
// looked up; fanout doctor does.
func (m *targetCommand) warnOfEndless(ctx context.Context, a *cloud.Account, e *registry.Entry, others []registry.Entry) {
	source := e.Spec.SourceARN
	if !e.Active() || e.Err() != nil || manage.FormOf(source).Service == "sns" || cloud.IsQueue(source) || awsname.IsKafka(source) {
		return
	}
	f, found, err := role.Find(ctx, a.Lambda(), m.FunctionRef())
	if err != nil || !found || f.Environment["FANOUT_ON_FAILURE"] != "" {
		return
	}
	all := make([]target.Loaded, len(others))
	for i := range others {
		all[i] = others[i].Loaded
	}
	if !e.Diverts("any", all) {
		return
	}
	mappings, err := cloud.Mappings(ctx, a.Lambda(), m.FunctionRef(), source)
	if err != nil || len(mappings) > 0 && !slices.ContainsFunc(mappings, cloud.Endless) {
		return
	}
	command := func(name string, more ...string) string {
		words := []string{"fanout", name}
		for _, flag := range []string{"function", "function-arn"} {
			if m.IsSet(flag) {
				words = append(words, "--"+flag, m.Flags.Lookup(flag).Value.String())
			}
		}
		return strings.Join(append(words, more...), " ")
	}
	m.Warn("target %q has no onFailure, and Lambda retries without end, so one record that it cannot take holds up its shard until the record expires; to send such records to a queue, run %s, or %s",
		ui.Printable(e.ID), command("deploy", "--failures-queue", "NAME"), command("update", "--source-arn", source, "--id", ui.Printable(e.ID), "--on-failure", "ID"))
}
