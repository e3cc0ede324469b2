package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awsname"
	"fanout/internal/provision/registry"
)

// formerTargets is the finding for active targets whose source is a former stream of its
// table. now is the table's current stream; "" if it has none.
func (p *examination) formerTargets(source, now string) []Finding {
	hooked := slices.ContainsFunc(p.hooks, func(m types.EventSourceMappingConfiguration) bool { return aws.ToString(m.EventSourceArn) == now })
	if hooked && !slices.ContainsFunc(p.targets, func(e registry.Entry) bool { return e.Spec.SourceARN == now }) {
		return nil // the check of the mapping without targets names these
	}
	var ids []string
	for i := range p.targets {
		if t := &p.targets[i]; t.Spec.Active && t.Spec.SourceARN == source {
			ids = append(ids, fmt.Sprintf("%q", t.ID))
		}
	}
	is := about{"source", awsname.Source(source)}
	if now == "" {
		return []Finding{is.wrong("enable the table's stream, "+p.moveTargets(), "its stream %s is disabled, so these targets get no records: %s", source, strings.Join(ids, ", "))}
	}
	return []Finding{is.wrong(p.moveTargets(), "its current stream is %s, so the targets of the former stream %s get no records: %s", now, source, strings.Join(ids, ", "))}
}

// moveTargets returns the commands that give targets another source.
func (p *examination) moveTargets() string {
	return p.run("export") + " > FILE, correct the ARN in it, and " + p.run("apply", "FILE", "--prune")
}
