package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// manage says what a managing command is about. Things have a name, which is looked
// up, or an ARN, which takes no call to find it, and no right to make one; its own
// settings may be read.
type manage struct {
	*common
	function, functionARN         string
	table, tableARN               string
	sourceType, source, sourceARN string
	id                            string
	output                        string
	noIAM                         bool
	changes                       bool   // whether the command changes targets or mappings
	environment                   string // the region that the environment or --region names
	noFunction                    bool   // tableRef found no function
	toldOfRole                    bool   // that its policy is left alone

	flags *pflag.FlagSet
	errs  io.Writer // for warnings; nil: for none
}

// functionFlags adds the flags that name the function.
func (m *manage) functionFlags(cmd *cobra.Command) {
	m.flags = cmd.Flags()
	m.flags.SortFlags = false
	m.flags.StringVar(&m.function, "function", "fanout", "the function, by `NAME`")
	m.flags.StringVar(&m.functionARN, "function-arn", "", "the function, by `ARN`")
}

// tableFlags adds the flags that name the target table.
func (m *manage) tableFlags() {
	m.flags.StringVar(&m.table, "table", "", "the target table, by `NAME` (default: the function's, <function>Targets)")
	m.flags.StringVar(&m.tableARN, "table-arn", "", "the target table, by `ARN`")
}

// sourceTypes are those of sources.
var sourceTypes = []string{"kinesis", "dynamodb", "sns"}

// sourceFlags adds the flags that name the source.
func (m *manage) sourceFlags(cmd *cobra.Command) {
	oneOf(cmd, &m.sourceType, "source-type", "", "the `TYPE` of --source: "+either(sourceTypes), sourceTypes)
	m.flags.StringVar(&m.source, "source", "", "the Kinesis stream, DynamoDB table or SNS topic that records come from, by `NAME`")
	m.flags.StringVar(&m.sourceARN, "source-arn", "", "the Kinesis stream, DynamoDB stream or SNS topic, by `ARN`")
}

// idFlag adds the flag that names the target.
func (m *manage) idFlag() {
	m.flags.StringVar(&m.id, "id", "", "the target, by `ID`")
}

// outputFlag adds the flag that says how results are printed: as a table, JSON or
// YAML, or in those forms that are given, of which the first is the default.
func (m *manage) outputFlag(cmd *cobra.Command, forms ...string) {
	if forms == nil {
		forms = outputForms
	}
	outputFlag(cmd, &m.output, forms...)
}

// work makes a command of what it does: first the flags are checked, by check too
// unless it is nil, and then the account is reached.
func (m *manage) work(cmd *cobra.Command, check func() error, do func(ctx context.Context, a *cloud.Account) error) {
	m.completeValues(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m.errs = cmd.ErrOrStderr()
		if err := m.check(); err != nil {
			return err
		}
		if check != nil {
			if err := check(); err != nil {
				return err
			}
		}
		a, err := m.account(cmd.Context(), cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		return failed(m.untilAborted(cmd, func(ctx context.Context) error { return m.withHint(ctx, a, do(ctx, a)) }))
	}
}

// account reaches the account, in the region of what ARNs name: the environment may
// be about another. errs, unless it is nil, is told of the calls that take long.
func (m *manage) account(ctx context.Context, errs io.Writer) (*cloud.Account, error) {
	region, err := m.region()
	if err != nil {
		return nil, err
	}
	m.aws.AnswerTimeout = answerTimeout
	cfg, err := m.load(ctx, 1, []string{m.sourceARN})
	if err != nil {
		return nil, err
	}
	if errs != nil {
		m.watch(&cfg, errs)
	}
	m.environment = cfg.Region
	a := cloud.Of(cfg).In(region)
	if a.Region() == "" {
		return nil, errors.New("no AWS region is set; add --region, or set AWS_REGION")
	}
	return a, nil
}

// check finds what is wrong with the flags that name things.
func (m *manage) check() error {
	if err := m.checkGiven(); err != nil {
		return err
	}
	for _, name := range []string{"function", "table", "source", "exec-role"} {
		if f := m.flags.Lookup(name); name != "table" && f != nil && strings.HasPrefix(f.Value.String(), "arn:") {
			return fmt.Errorf("--%s takes a name, and %q is an ARN; use --%s-arn", name, f.Value, name)
		}
		if m.given(name) && m.given(name+"-arn") {
			return fmt.Errorf("--%s and --%s-arn name the same thing; give one of them", name, name)
		}
		value := m.flags.Lookup(name + "-arn")
		if value == nil || !value.Changed {
			continue
		}
		if err := checkARN(name, value.Value.String()); err != nil {
			return err
		}
	}
	if err := m.checkFunctionName(); err != nil {
		return err
	}
	if m.given("source") && m.sourceType == "" {
		return errors.New("--source needs --source-type; add --source-type kinesis, dynamodb or sns")
	}
	return nil
}

// given reports whether a flag is on the command line.
func (m *manage) given(name string) bool {
	f := m.flags.Lookup(name)
	return f != nil && f.Changed
}

// needSource and needID complain if the command line does not say what they need.
func (m *manage) needSource() error {
	if m.source == "" && m.sourceARN == "" {
		return errors.New("no source is given; add --source-type TYPE --source NAME, or --source-arn ARN")
	}
	return nil
}

func (m *manage) needID() error {
	if m.id == "" {
		return errors.New("no target is given; add --id ID")
	}
	return nil
}

// functionRef is the function as Lambda's API takes it: its name or ARN.
func (m *manage) functionRef() string {
	if m.functionARN != "" {
		return m.functionARN
	}
	return m.function
}

// functionName is the name of the function, of which other names are made.
func (m *manage) functionName() string {
	if m.functionARN == "" {
		return m.function
	}
	a, _ := arn.Parse(m.functionARN) // it was checked
	return strings.TrimPrefix(a.Resource, "function:")
}

// tableRef returns the name or ARN of the target table: what the command line says,
// or else the function, or else what it is called by default. Who may not look the
// function up may read the table of that name, with a warning, and change none: the
// function may have another, and nobody would read what was written.
func (m *manage) tableRef(ctx context.Context, a *cloud.Account) (string, error) {
	switch {
	case m.tableARN != "":
		return m.tableARN, nil
	case m.table != "":
		return m.table, nil
	}
	standard := m.functionName() + "Targets"
	f, err := a.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(m.functionRef())})
	switch {
	case cloud.IsMissing(err):
		m.noFunction = true
		return standard, nil
	case cloud.IsDenied(err) && m.changes:
		return "", fmt.Errorf("which table the function %q has cannot be looked up, so nothing is written; name it with --table: %w", m.functionName(), err)
	case cloud.IsDenied(err):
		m.warn("which table the function %q has cannot be looked up, so it is taken to be %q; name another with --table", m.functionName(), standard)
		return standard, nil
	case err != nil:
		return "", fmt.Errorf("the table of the function %q cannot be looked up: %w", m.functionName(), err)
	case f.Environment != nil && f.Environment.Variables["FANOUT_TABLE"] != "":
		return f.Environment.Variables["FANOUT_TABLE"], nil
	}
	return standard, nil
}

// warn says on standard error what somebody should know.
func (m *manage) warn(format string, args ...any) {
	if m.errs != nil { // a shell that completes a word wants to know nothing
		fmt.Fprintf(m.errs, "fanout: warning: "+format+"\n", args...)
	}
}

// registry returns the target table.
func (m *manage) registry(ctx context.Context, a *cloud.Account) (*registry.Table, error) {
	name, err := m.tableRef(ctx, a)
	return &registry.Table{
		Client: a.In(regionOf(name)).DynamoDB(), Name: name,
		Missing: func() error { return m.missingTable(ctx, a.In(regionOf(name)), name) },
	}, err
}

// sourceRef returns the ARN of the source, "" if the command line names none.
func (m *manage) sourceRef(ctx context.Context, a *cloud.Account) (string, error) {
	switch {
	case m.sourceARN != "" || m.source == "":
		return m.sourceARN, nil
	case m.sourceType == "dynamodb":
		return a.TableStream(ctx, m.source)
	case m.sourceType == "sns":
		return a.Topic(ctx, m.source)
	}
	return a.Stream(ctx, m.source)
}
