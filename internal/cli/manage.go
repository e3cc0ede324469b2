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

// manage holds the flags that name the resources of a managing command. A resource has
// a name, which is looked up, or an ARN, which needs no call and no right to find it;
// its settings may still be read.
type manage struct {
	*common
	function, functionARN         string
	table, tableARN               string
	sourceType, source, sourceARN string
	id                            string
	output                        string
	noIAM                         bool
	changes                       bool   // whether the command changes targets or mappings
	environment                   string // the region from the environment or --region
	noFunction                    bool   // tableRef found no function
	roleReported                  bool   // that its policy is left alone

	flags *pflag.FlagSet
	errs  io.Writer // for warnings; nil: none
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

// sourceTypes are the values of --source-type.
var sourceTypes = []string{"kinesis", "dynamodb", "sns"}

// sourceFlags adds the flags that name the source.
func (m *manage) sourceFlags(cmd *cobra.Command) {
	oneOf(cmd, &m.sourceType, "source-type", "", "the `TYPE` of --source: "+either(sourceTypes), sourceTypes)
	m.flags.StringVar(&m.source, "source", "", "the Kinesis stream, DynamoDB table or SNS topic to read records from, by `NAME`")
	m.flags.StringVar(&m.sourceARN, "source-arn", "", "the Kinesis stream, DynamoDB stream or SNS topic, by `ARN`")
}

// idFlag adds the flag that names the target.
func (m *manage) idFlag() {
	m.flags.StringVar(&m.id, "id", "", "the target, by `ID`")
}

// outputFlag adds the flag for the form of results: a table, JSON or YAML, or the given
// forms. The first is the default.
func (m *manage) outputFlag(cmd *cobra.Command, forms ...string) {
	if forms == nil {
		forms = outputForms
	}
	outputFlag(cmd, &m.output, forms...)
}

// work makes a command from do. The command first checks the flags, with check too
// unless it is nil, and then connects to the account.
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

// account connects to the account, in the region of the ARNs on the command line, which
// may differ from the environment's. Slow calls are reported to errs, unless it is nil.
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

// check checks the flags that name resources.
func (m *manage) check() error {
	if err := m.checkEmpty(); err != nil {
		return err
	}
	for _, name := range []string{"function", "table", "source", "exec-role"} {
		if f := m.flags.Lookup(name); name != "table" && f != nil && strings.HasPrefix(f.Value.String(), "arn:") {
			return fmt.Errorf("--%s takes a name, but %q is an ARN; use --%s-arn", name, f.Value, name)
		}
		if m.isSet(name) && m.isSet(name+"-arn") {
			return fmt.Errorf("--%s and --%s-arn name the same resource; use only one", name, name)
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
	if m.isSet("source") && m.sourceType == "" {
		return errors.New("--source needs --source-type; add --source-type kinesis, dynamodb or sns")
	}
	return nil
}

// isSet reports whether a flag is on the command line.
func (m *manage) isSet(name string) bool {
	f := m.flags.Lookup(name)
	return f != nil && f.Changed
}

// needSource and needID fail if the command line lacks the flag.
func (m *manage) needSource() error {
	if m.source == "" && m.sourceARN == "" {
		return errors.New("the source is missing; add --source-type TYPE --source NAME, or --source-arn ARN")
	}
	return nil
}

func (m *manage) needID() error {
	if m.id == "" {
		return errors.New("the target is missing; add --id ID")
	}
	return nil
}

// functionRef is the function's name or ARN, for Lambda's API.
func (m *manage) functionRef() string {
	if m.functionARN != "" {
		return m.functionARN
	}
	return m.function
}

// functionName is the name of the function. The names of its resources derive from it.
func (m *manage) functionName() string {
	if m.functionARN == "" {
		return m.function
	}
	a, _ := arn.Parse(m.functionARN) // checked before
	return strings.TrimPrefix(a.Resource, "function:")
}

// tableRef returns the name or ARN of the target table: from the command line, or else
// the function, or else the default name. A caller without the right to look up the
// function may read the table with the default name, with a warning, but not change it:
// the function may use another table, and would never read the change.
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
		return "", fmt.Errorf("the table of the function %q cannot be looked up, so nothing is written; name the table with --table: %w", m.functionName(), err)
	case cloud.IsDenied(err):
		m.warn("the table of the function %q cannot be looked up, so this command uses %q; name another table with --table", m.functionName(), standard)
		return standard, nil
	case err != nil:
		return "", fmt.Errorf("the table of the function %q cannot be looked up: %w", m.functionName(), err)
	case f.Environment != nil && f.Environment.Variables["FANOUT_TABLE"] != "":
		return f.Environment.Variables["FANOUT_TABLE"], nil
	}
	return standard, nil
}

// warn prints a warning to standard error.
func (m *manage) warn(format string, args ...any) {
	if m.errs != nil { // completion prints no warnings
		fmt.Fprintf(m.errs, "fanout: warning: "+format+"\n", args...)
	}
}

// registry returns the target table.
func (m *manage) registry(ctx context.Context, a *cloud.Account) (*registry.Table, error) {
	name, err := m.tableRef(ctx, a)
	return &registry.Table{
		Client: a.In(regionOf(name)).DynamoDB(), Catalog: m.catalog, Name: name,
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
