package manage

import (
	"cmp"
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

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// Command holds the flags that name the resources of a managing command. A resource has
// a name, which is looked up, or an ARN, which needs no call and no right to find it;
// its settings may still be read.
type Command struct {
	*factory.Factory
	Function, FunctionARN         string
	Table, TableARN               string
	sourceType, source, SourceARN string
	ID                            string
	Output                        string
	NoIAM                         bool
	changes                       bool   // whether the command changes targets or mappings
	Environment                   string // the region from the environment or --region
	NoFunction                    bool   // tableRef found no function
	roleReported                  bool   // that its policy is left alone
	DryRun                        bool   // look only
	Leaving                       string // the source whose mapping a dry run foresees gone
	foreseen                      bool   // the dry run found a change

	Flags *pflag.FlagSet
	Errs  io.Writer // for warnings; nil: none
}

// FunctionFlags adds the flags that name the function.
func (m *Command) FunctionFlags(cmd *cobra.Command) {
	m.Flags = cmd.Flags()
	m.Flags.SortFlags = false
	m.Flags.StringVar(&m.Function, "function", "fanout", "the function, by `NAME`")
	m.Flags.StringVar(&m.FunctionARN, "function-arn", "", "the function, by `ARN`")
}

// TableFlags adds the flags that name the target table.
func (m *Command) TableFlags() {
	m.Flags.StringVar(&m.Table, "table", "", "the target table, by `NAME` (default: the function's, <function>Targets)")
	m.Flags.StringVar(&m.TableARN, "table-arn", "", "the target table, by `ARN`")
}

// sourceTypes are the values of --source-type.
var sourceTypes = []string{"kinesis", "dynamodb", "sns", "sqs"}

// SourceFlags adds the flags that name the source.
func (m *Command) SourceFlags(cmd *cobra.Command) {
	ui.OneOf(cmd, &m.sourceType, "source-type", "", "the `TYPE` of --source: "+ui.Either(sourceTypes), sourceTypes)
	m.Flags.StringVar(&m.source, "source", "", "the Kinesis stream, DynamoDB table, SNS topic or SQS queue to read records from, by `NAME`")
	m.Flags.StringVar(&m.SourceARN, "source-arn", "", "the "+awsname.SourceNouns+", by `ARN`")
}

// IDFlag adds the flag that names the target.
func (m *Command) IDFlag() {
	m.Flags.StringVar(&m.ID, "id", "", "the target, by `ID`")
}

// OutputFlag adds the flag for the form of results: a table, JSON or YAML, or the given
// forms. The first is the default.
func (m *Command) OutputFlag(cmd *cobra.Command, forms ...string) {
	if forms == nil {
		forms = ui.OutputForms
	}
	ui.OutputFlag(cmd, &m.Output, forms...)
}

// Work makes a command from do. The command first checks the flags, with check too
// unless it is nil, and then connects to the account.
func (m *Command) Work(cmd *cobra.Command, check func() error, do func(ctx context.Context, a *cloud.Account) error) {
	m.completeValues(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m.Errs = cmd.ErrOrStderr()
		if err := m.Check(); err != nil {
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
		err = ui.Failed(m.untilAborted(cmd, func(ctx context.Context) error { return m.withHint(ctx, a, do(ctx, a)) }))
		if err == nil && m.foreseen {
			return ui.ErrWouldChange
		}
		return err
	}
}

// account connects to the account, in the region of the ARNs on the command line, which
// may differ from the environment's. Slow calls are reported to errs, unless it is nil.
func (m *Command) account(ctx context.Context, errs io.Writer) (*cloud.Account, error) {
	region, err := m.region()
	if err != nil {
		return nil, err
	}
	m.AWS.AnswerTimeout = factory.AnswerTimeout
	cfg, err := m.Load(ctx, 1, []string{m.SourceARN})
	if err != nil {
		return nil, err
	}
	if errs != nil {
		m.Watch(&cfg, errs)
	}
	if m.DryRun {
		refuseWrites(&cfg)
	}
	m.Environment = cfg.Region
	a := cloud.Of(cfg).In(region)
	if a.Region() == "" {
		return nil, errors.New("no AWS region is set; add --region, or set AWS_REGION")
	}
	return a, nil
}

// Check checks the flags that name resources.
func (m *Command) Check() error {
	if err := m.checkEmpty(); err != nil {
		return err
	}
	for _, name := range []string{"function", "table", "source", "exec-role"} {
		if f := m.Flags.Lookup(name); name != "table" && f != nil && strings.HasPrefix(f.Value.String(), "arn:") {
			return fmt.Errorf("--%s takes a name, but %q is an ARN; use --%s-arn", name, f.Value, name)
		}
		if m.IsSet(name) && m.IsSet(name+"-arn") {
			return fmt.Errorf("--%s and --%s-arn name the same resource; use only one", name, name)
		}
		value := m.Flags.Lookup(name + "-arn")
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
	if m.IsSet("source") && m.sourceType == "" {
		return errors.New("--source needs --source-type; add --source-type " + ui.Either(sourceTypes))
	}
	return nil
}

// IsSet reports whether a flag is on the command line.
func (m *Command) IsSet(name string) bool {
	f := m.Flags.Lookup(name)
	return f != nil && f.Changed
}

// NeedSource and needID fail if the command line lacks the flag.
func (m *Command) NeedSource() error {
	if m.source == "" && m.SourceARN == "" {
		return errors.New("the source is missing; add --source-type TYPE --source NAME, or --source-arn ARN")
	}
	return nil
}

func (m *Command) NeedID() error {
	if m.ID == "" {
		return errors.New("the target is missing; add --id ID")
	}
	return nil
}

// FunctionRef is the function's name or ARN, for Lambda's API.
func (m *Command) FunctionRef() string { return cmp.Or(m.FunctionARN, m.Function) }

// FunctionName is the name of the function. The names of its resources derive from it.
func (m *Command) FunctionName() string {
	if m.FunctionARN == "" {
		return m.Function
	}
	a, _ := arn.Parse(m.FunctionARN) // checked before
	return strings.TrimPrefix(a.Resource, "function:")
}

// TableRef returns the name or ARN of the target table: from the command line, or else
// the function, or else the default name. A caller without the right to look up the
// function may read the table with the default name, with a warning, but not change it:
// the function may use another table, and would never read the change.
func (m *Command) TableRef(ctx context.Context, a *cloud.Account) (string, error) {
	switch {
	case m.TableARN != "":
		return m.TableARN, nil
	case m.Table != "":
		return m.Table, nil
	}
	standard := m.FunctionName() + "Targets"
	f, err := a.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(m.FunctionRef())})
	switch {
	case awserr.IsMissing(err):
		m.NoFunction = true
		return standard, nil
	case awserr.IsDenied(err) && m.changes:
		return "", fmt.Errorf("the table of the function %q cannot be looked up, so nothing is written; name the table with --table: %w", m.FunctionName(), err)
	case awserr.IsDenied(err):
		m.Warn("the table of the function %q cannot be looked up, so this command uses %q; name another table with --table", m.FunctionName(), standard)
		return standard, nil
	case err != nil:
		return "", fmt.Errorf("the table of the function %q cannot be looked up: %w", m.FunctionName(), err)
	case f.Environment != nil && f.Environment.Variables["FANOUT_TABLE"] != "":
		return f.Environment.Variables["FANOUT_TABLE"], nil
	}
	return standard, nil
}

// Warn prints a warning to standard error.
func (m *Command) Warn(format string, args ...any) {
	if m.Errs != nil { // completion prints no warnings
		fmt.Fprintf(m.Errs, "fanout: warning: "+format+"\n", args...)
	}
}

// Registry returns the target table.
func (m *Command) Registry(ctx context.Context, a *cloud.Account) (*registry.Table, error) {
	name, err := m.TableRef(ctx, a)
	return &registry.Table{
		Client: a.In(factory.RegionOf(name)).DynamoDB(), Catalog: m.Catalog, Name: name,
		Missing: func() error { return m.missingTable(ctx, a.In(factory.RegionOf(name)), name) },
	}, err
}

// SourceRef returns the ARN of the source, "" if the command line names none.
func (m *Command) SourceRef(ctx context.Context, a *cloud.Account) (string, error) {
	switch {
	case m.SourceARN != "" || m.source == "":
		return m.SourceARN, nil
	case m.sourceType == "dynamodb":
		return a.TableStream(ctx, m.source)
	case m.sourceType == "sns":
		return a.Topic(ctx, m.source)
	case m.sourceType == "sqs":
		return a.Queue(ctx, m.source)
	}
	return a.Stream(ctx, m.source)
}
