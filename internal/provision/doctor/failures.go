package doctor

import "context"

// failuresQueue checks the function's default queue for failures. Without it, a record that a
// target rejects fails, and holds up its shard.
func (p *examination) failuresQueue(ctx context.Context) []Finding {
	queue := p.options.OnFailure
	l := p.Catalog.FailuresQueue(p.function.ARN, queue)
	found := p.reach(ctx, about{"failures queue", l.Spec.Destination.String()}, &l.Spec)
	if found.Status == Error {
		found.Do = "create it with " + p.command("deploy") + ", or name another with " + p.command("deploy", "--failures-queue", "NAME")
	}
	return []Finding{found}
}
