package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
	"fanout/sinks"
)

// examination is the function, with the facts that are read before the checks begin.
type examination struct {
	*Doctor
	config      *lambda.GetFunctionConfigurationOutput
	function    role.Function
	self        arn.ARN
	options     fanout.Options // as far as they are readable
	optionsErr  error          // every fault of its variables
	known       []string       // variables that the function recognizes
	targets     []registry.Entry
	targetsErr  error // why they are unknown
	fromFile    bool  // the targets come from a file that only the function can read
	hooks       []types.EventSourceMappingConfiguration
	hooksErr    error          // why they are unknown
	activeFrom  map[string]int // active targets, by source
	tableName   string
	ledgerTable string
	callers     []cloud.Caller // sources that may invoke the function
	callersErr  error          // why they are unknown
	async       *hooks.Async   // settings for failed messages; nil: Lambda's defaults
	asyncErr    error          // why they are unknown
}

// missing is the finding for a function that does not exist.
func (d *Doctor) missing(ctx context.Context, is about) Finding {
	if d.Similar != nil {
		if name := d.Similar(ctx, is.subject); name != "" {
			return is.wrong("run "+d.commandOf(name, "doctor"), "it does not exist; did you mean %s?", name)
		}
	}
	return is.wrong("run "+d.commandOf(is.subject, "deploy")+", or name another function with --function", "it does not exist")
}

// begin looks the function up, with its targets and mappings. It returns nil, and the
// reason, if there is no function to examine.
func (d *Doctor) begin(ctx context.Context) (*examination, []Finding) {
	is := about{"function", cloud.Name(d.Function)}
	config, err := d.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &d.Function})
	if awserr.IsMissing(err) {
		return nil, []Finding{d.missing(ctx, is)}
	}
	if err != nil {
		f := is.unknown(err)
		f.Status = Error // nothing was checked
		return nil, []Finding{f}
	}
	p := &examination{Doctor: d, config: config, activeFrom: make(map[string]int)}
	p.function = functionOf(config)
	p.self, _ = arn.Parse(p.function.ARN) // Lambda wrote it
	p.options, p.optionsErr = fanout.OptionsFrom(func(name string) string {
		p.known = append(p.known, name)
		return p.variable(name)
	})
	p.tableName, p.ledgerTable = d.Table, p.variable("FANOUT_LEDGER_TABLE")
	if p.tableName == "" {
		p.tableName = p.function.Table()
	}
	p.fromFile = p.options.TargetsFile != "" && d.Table == ""
	run(ctx, []task{p.readTargets, p.readHooks, p.readCallers, p.readAsync})
	return p, nil
}

// functionOf converts one type of Lambda's API to another with the same fields.
func functionOf(c *lambda.GetFunctionConfigurationOutput) role.Function {
	return role.FunctionOf(&types.FunctionConfiguration{
		FunctionArn: c.FunctionArn, Role: c.Role, VpcConfig: c.VpcConfig, LoggingConfig: c.LoggingConfig,
		Environment: c.Environment, KMSKeyArn: c.KMSKeyArn,
	})
}

// variable returns a variable of the function's environment.
func (p *examination) variable(name string) string {
	if name == "AWS_LAMBDA_FUNCTION_NAME" {
		return p.function.Name()
	}
	return p.function.Environment[name]
}

func (p *examination) readTargets(ctx context.Context) []Finding {
	if p.fromFile {
		p.targetsErr = fmt.Errorf("the function reads its targets from the file %s in its package, which fanout cannot read", p.options.TargetsFile)
		return nil
	}
	p.targets, p.targetsErr = (&registry.Table{Client: p.DynamoDB, Catalog: p.Catalog, Name: p.tableName}).List(ctx, "")
	for i := range p.targets {
		p.targets[i].Confine(p.options.FileDir())
		if t := &p.targets[i]; t.Spec.Active {
			p.activeFrom[t.Spec.SourceARN]++
		}
	}
	return nil
}

func (p *examination) readHooks(ctx context.Context) []Finding {
	p.hooks, p.hooksErr = cloud.Mappings(ctx, p.Lambda, p.Function, "")
	p.hooks = slices.DeleteFunc(p.hooks, func(m types.EventSourceMappingConfiguration) bool {
		return m.EventSourceArn == nil
	})
	return nil
}

// readCallers looks up the sources that the function's own policy allows to invoke it.
func (p *examination) readCallers(ctx context.Context) []Finding {
	p.callers, p.callersErr = cloud.Callers(ctx, p.Lambda, p.Function)
	return nil
}

func (p *examination) readAsync(ctx context.Context) []Finding {
	p.async, p.asyncErr = hooks.AsyncOf(ctx, p.Lambda, p.Function)
	return nil
}

// active returns the targets that are meant to receive records.
func (p *examination) active() []*sinks.Spec {
	var all []*sinks.Spec
	for i := range p.targets {
		if t := &p.targets[i]; t.Spec.Active && t.Err() == nil {
			all = append(all, &t.Spec)
		}
	}
	return all
}

// command is a fanout command about the function, quoted for a shell. Words in capitals
// stand for values that only the user knows.
func (p *examination) command(name string, flags ...string) string {
	return p.commandOf(p.function.Name(), name, flags...)
}

// commandOf is like command, for any function.
func (d *Doctor) commandOf(function, name string, flags ...string) string {
	return cloud.CommandLine(function, d.Args, name, flags...)
}

func (p *examination) run(name string, flags ...string) string {
	return "run " + p.command(name, flags...)
}
