package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/cmd/fanout/internal/hooks"
)

// variables checks what the function is told.
func (p *patient) variables(context.Context) []Finding {
	is := p.is("variables")
	if p.optionsErr == nil {
		return []Finding{is.ok("valid")}
	}
	var found []Finding
	for fault := range strings.Lines(p.optionsErr.Error()) { // faults that were joined
		found = append(found, is.wrong(p.run("deploy", "--env NAME=VALUE"), "%s", strings.TrimSuffix(fault, "\n")))
	}
	return found
}

// reports checks that the function names what failed if, and only if, Lambda listens.
func (p *patient) reports(context.Context) []Finding {
	is := p.is("report")
	if p.hooksErr != nil {
		return []Finding{is.unknown(p.hooksErr)}
	}
	var found []Finding
	for i := range p.hooks {
		m := &p.hooks[i]
		if slices.Contains(m.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures) {
			continue
		}
		source := aws.ToString(m.EventSourceArn)
		fix := p.run("hook", "--source-arn", source)
		if p.options.ReportBatchItemFailures {
			found = append(found, is.wrong(fix, "%s is true, but the mapping of %s does not ask for ReportBatchItemFailures: records that fail are lost", hooks.Variable, Source(source)))
		} else {
			found = append(found, is.warning(fix, "the mapping of %s does not ask for ReportBatchItemFailures, so whole batches are sent again", Source(source)))
		}
	}
	switch {
	case found != nil:
	case len(p.hooks) > 0 && !p.options.ReportBatchItemFailures:
		fix := p.run("hook", "--source-arn", aws.ToString(p.hooks[0].EventSourceArn))
		found = append(found, is.warning(fix, "%s is not true, though every mapping asks for ReportBatchItemFailures, so whole batches are sent again", hooks.Variable))
	default:
		found = append(found, is.ok("%s is %t, as the mappings have it", hooks.Variable, p.options.ReportBatchItemFailures))
	}
	return found
}
