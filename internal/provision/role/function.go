package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	fanout "fanout/lambda"
)

// Function holds the facts that the policy of a function's role depends on.
type Function struct {
	ARN         string            // without alias or version
	RoleARN     string            // of its role
	Environment map[string]string // its variables
	VPC         bool              // whether it is in a VPC
	LogGroup    string            // name; "": the default
	Tags        map[string]string // as Find returns them
	Key         string            // ARN of the key that encrypts its variables; "": AWS's
}

// FunctionOf returns the function that Lambda describes.
func FunctionOf(f *lambdatypes.FunctionConfiguration) Function {
	r := Function{ARN: aws.ToString(f.FunctionArn), RoleARN: aws.ToString(f.Role), Key: aws.ToString(f.KMSKeyArn)}
	if parts := strings.SplitN(r.ARN, ":", 8); len(parts) == 8 {
		r.ARN = strings.TrimSuffix(r.ARN, ":"+parts[7])
	}
	if f.Environment != nil {
		r.Environment = f.Environment.Variables
	}
	r.VPC = f.VpcConfig != nil && len(f.VpcConfig.SubnetIds) > 0
	if f.LoggingConfig != nil {
		r.LogGroup = aws.ToString(f.LoggingConfig.LogGroup)
	}
	return r
}

// Find returns the function with a name or ARN, and false if there is none.
func Find(ctx context.Context, client cloud.LambdaReader, ref string) (f Function, found bool, err error) {
	out, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &ref})
	if awserr.IsMissing(err) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("the function %q cannot be looked up: %w", ref, err)
	}
	f = FunctionOf(out.Configuration)
	f.Tags = out.Tags
	return f, true, nil
}

// Name is the function's name.
func (f *Function) Name() string { return cloud.Name(f.ARN) }

// Region is where the function is.
func (f *Function) Region() string {
	a, _ := arn.Parse(f.ARN) // Lambda wrote it
	return a.Region
}

// Table is the name or ARN of the target table.
func (f *Function) Table() string {
	if t := f.Environment["FANOUT_TABLE"]; t != "" {
		return t
	}
	return f.Name() + "Targets"
}

// Reads reports whether the function reads its targets from a table, given by name or
// ARN.
func (f *Function) Reads(table string) bool {
	return f.Environment["FANOUT_TARGETS_FILE"] == "" && f.tableARN(table) == f.tableARN(f.Table())
}

// tableARN returns the ARN of a table in the function's settings. A plain name is a
// table of the function's region and account.
func (f *Function) tableARN(table string) string {
	if table == "" || arn.IsARN(table) {
		return table
	}
	a, _ := arn.Parse(f.ARN) // Lambda wrote it
	a.Service, a.Resource = "dynamodb", "table/"+table
	return a.String()
}

// facts returns the policy's facts about the function, without its targets.
//
// Errors: variables that the function refuses.
func (f *Function) facts() (policy.Function, error) {
	o, err := fanout.OptionsFrom(func(name string) string { return f.Environment[name] })
	if err != nil {
		return policy.Function{}, fmt.Errorf("the function %q is misconfigured: %w", f.Name(), err)
	}
	p := policy.Function{
		ARN: f.ARN, RoleARN: f.RoleARN, LogGroup: f.LogGroup, VPC: f.VPC,
		Metrics: o.Metrics, Namespace: o.MetricsNamespace, Tracing: o.Tracing,
		LedgerTableARN: f.tableARN(f.Environment["FANOUT_LEDGER_TABLE"]),
	}
	if o.TargetsFile == "" {
		p.TableARN = f.tableARN(f.Table())
	}
	return p, nil
}
