package doctor

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awsname"
	"fanout/internal/near"
	"fanout/internal/provision/hooks"
	fanout "fanout/lambda"
)

// variables checks the function's environment variables.
func (p *examination) variables(context.Context) []Finding {
	is := p.is("variables")
	var found []Finding
	if p.optionsErr != nil {
		faults := p.optionsErr.Error() // joined
		var unset []string
		for _, name := range faultyVariable.FindAllStringSubmatch(faults, -1) {
			unset = append(unset, "--env", name[1]+"=")
		}
		fix := "set valid values, or reset them to the defaults: " + p.command("deploy", unset...)
		for fault := range strings.Lines(faults) {
			found = append(found, is.wrong(fix, "%s", strings.TrimSuffix(fault, "\n")))
		}
	}
	found = append(found, p.unknownVariables(is)...)
	if found == nil {
		found = append(found, is.ok("valid"))
	}
	return found
}

// faultyVariable matches the function's message about a faulty variable.
var faultyVariable = regexp.MustCompile(`(?m)^the variable (FANOUT_[A-Z_]+) `)

// unknownVariables finds variables with the function's prefix that it does not
// recognize.
func (p *examination) unknownVariables(is about) []Finding {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(p.function.Environment)) {
		if !strings.HasPrefix(name, "FANOUT_") || slices.Contains(p.known, name) {
			continue
		}
		meant := near.Closest(name, p.known)
		if meant == "" || p.function.Environment[meant] != "" {
			found = append(found, is.warning(p.run("deploy", "--env", name+"="), "%s has no effect: the function has no such variable", name))
			continue
		}
		flags := []string{"--env", name + "="}
		if value := p.function.Environment[name]; fits(meant, value) {
			flags = append(flags, "--env", meant+"="+value)
		}
		found = append(found, is.warning(p.run("deploy", flags...), "%s has no effect: the function has no such variable; did you mean %s?", name, meant))
	}
	return found
}

// fits reports whether the function accepts a value of a variable.
func fits(name, value string) bool {
	_, err := fanout.OptionsFrom(func(n string) string {
		if n == name {
			return value
		}
		return ""
	})
	return err == nil
}

// reports checks that the function reports failed items if, and only if, Lambda asks
// for the report.
func (p *examination) reports(context.Context) []Finding {
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
		if awsname.IsKafka(source) { // it needs provisioned mode
			fix = p.run("hook", "--source-arn", source, "--minimum-pollers", "1")
		}
		if p.options.ReportBatchItemFailures {
			found = append(found, is.wrong(fix, "%s is true, but the mapping of %s does not have ReportBatchItemFailures, so failed records are lost", hooks.Variable, awsname.Source(source)))
		} else {
			found = append(found, is.warning(fix, "the mapping of %s does not have ReportBatchItemFailures, so Lambda sends whole batches again", awsname.Source(source)))
		}
	}
	switch {
	case found != nil:
	case len(p.hooks) > 0 && !p.options.ReportBatchItemFailures:
		fix := p.run("hook", "--source-arn", aws.ToString(p.hooks[0].EventSourceArn))
		found = append(found, is.warning(fix, "%s is not true, although every mapping has ReportBatchItemFailures, so Lambda sends whole batches again", hooks.Variable))
	default:
		found = append(found, is.ok("%s is %t, which matches the mappings", hooks.Variable, p.options.ReportBatchItemFailures))
	}
	return found
}
