package manage

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
)

// arnForm is the form of the ARNs that a flag takes.
type arnForm struct {
	what     string         // the resource, for an error
	resource *regexp.Regexp // of service:resource
	regional bool           // whether its ARN has a region and an account
	example  string
}

// arnForms are the forms of flags that end in -arn. Names follow the rules of their
// services (Service Authorization Reference, Resource types defined by each service).
var arnForms = map[string]arnForm{
	"function": {"a Lambda function", regexp.MustCompile(`^lambda:function:[a-zA-Z0-9_-]{1,64}$`), true,
		"arn:aws:lambda:eu-west-1:123456789012:function:fanout"},
	"table": {"a DynamoDB table", regexp.MustCompile(`^dynamodb:table/[a-zA-Z0-9_.-]{1,255}$`), true,
		"arn:aws:dynamodb:eu-west-1:123456789012:table/fanoutTargets"},
	"exec-role": {"an IAM role", regexp.MustCompile(`^iam:role/([!-~]+/)?[\w+=,.@-]{1,64}$`), false,
		"arn:aws:iam::123456789012:role/fanoutRole"},
	"source": {"a " + awsname.SourceNouns,
		regexp.MustCompile(`^(kinesis:stream/[a-zA-Z0-9_.-]{1,128}(/consumer/.+)?|dynamodb:table/[a-zA-Z0-9_.-]{1,255}/stream/.+|sns:[a-zA-Z0-9_-]{1,256}(\.fifo)?|sqs:[a-zA-Z0-9_-]{1,80}(\.fifo)?)$`),
		true, "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"},
}

// The forms of --on-failure, for a stream and for a topic (Lambda API, OnFailure).
var (
	streamFailureForm = arnForm{"an SQS queue, SNS topic or S3 bucket", regexp.MustCompile(`^(sqs|sns|s3):[a-zA-Z0-9_.-]+$`), false,
		"arn:aws:sqs:eu-west-1:123456789012:failures"}
	topicFailureForm = arnForm{"an SQS queue, SNS topic, S3 bucket, Lambda function or event bus",
		regexp.MustCompile(`^((sqs|sns|s3):[a-zA-Z0-9_.-]+|lambda:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9$_-]{1,128})?|events:event-bus/[a-zA-Z0-9_./-]{1,256})$`), false,
		"arn:aws:sqs:eu-west-1:123456789012:failures"}
)

var accounts = regexp.MustCompile(`^\d{12}$`)

// takes reports whether an ARN has the form, in any partition.
func (f *arnForm) takes(a arn.ARN) bool {
	return strings.HasPrefix(a.Partition, "aws") && f.resource.MatchString(a.Service+":"+a.Resource) &&
		(!f.regional || awsname.IsRegion(a.Region) && accounts.MatchString(a.AccountID))
}

// check checks the value of a flag.
func (f *arnForm) check(flag, value string) error {
	if a, err := arn.Parse(value); err != nil || !f.takes(a) {
		return fmt.Errorf("--%s is %q; it must be the ARN of %s, such as %s", flag, value, f.what, f.example)
	}
	return nil
}

// checkARN checks the value of the flag thing-arn.
func checkARN(thing, value string) error {
	flag, form := thing+"-arn", arnForms[thing]
	if thing == "source" && awsname.IsKafka(value) {
		if _, err := awsname.CheckSource(value); err != nil {
			return fmt.Errorf("--%s: %w", flag, err)
		}
		return nil
	}
	a, err := arn.Parse(value)
	if err != nil {
		return fmt.Errorf("--%s is %q, which is not an ARN; use an ARN, or put a name in --%s", flag, value, thing)
	}
	if name, version, ok := qualified(a); thing == "function" && ok {
		return fmt.Errorf("--%s names the alias or version %q, but fanout works on the function itself; end the ARN after %s", flag, version, name)
	}
	return form.check(flag, value)
}

// qualified returns the name and the alias or version in the ARN of a function; ok is
// false if it has neither.
func qualified(a arn.ARN) (name, version string, ok bool) {
	rest, ok := strings.CutPrefix(a.Resource, "function:")
	if a.Service != "lambda" || !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// region returns the region of the function, its table and its streams according to the
// command line, or "". Topics may be in another.
func (m *Command) region() (string, error) {
	region, said := m.AWS.Region, "--region"
	for _, f := range []struct{ flag, arn string }{
		{"--function-arn", m.FunctionARN}, {"--table-arn", m.TableARN}, {"--source-arn", m.SourceARN},
	} {
		a, err := arn.Parse(f.arn)
		switch {
		case err != nil || a.Service == "sns":
		case region == "":
			region, said = a.Region, f.flag
		case a.Region != region:
			return "", fmt.Errorf("%s is %s, but %s is in %s; a function, its table and its streams must be in one region", said, regionPhrase(said, region), f.flag, a.Region)
		}
	}
	return region, nil
}

// regionPhrase describes the region of a flag in an error.
func regionPhrase(flag, region string) string {
	if flag == "--region" {
		return region
	}
	return "in " + region
}

// checkEmpty refuses empty values of flags that name a resource. They come from unset
// variables in scripts, and would mean everything, or another resource.
func (m *Command) checkEmpty() error {
	for _, name := range []string{"function", "table", "source", "exec-role", "id"} {
		for _, flag := range []string{name, name + "-arn"} {
			if m.IsSet(flag) && m.Flags.Lookup(flag).Value.String() == "" {
				return fmt.Errorf("--%s is empty; set a value, or remove the flag", flag)
			}
		}
	}
	return nil
}

// OwnAccount refuses the ARN of another account: the function's resources are looked up
// by name in the caller's account.
func OwnAccount(ctx context.Context, a *cloud.Account, flag, given string) error {
	if given == "" {
		return nil
	}
	of, _ := arn.Parse(given) // checked before
	me, err := a.Identity(ctx)
	if err != nil {
		return fmt.Errorf("the account of the credentials cannot be looked up: %w", err)
	}
	if me.AccountID != of.AccountID {
		return ui.Usagef("--%s is in the account %s, but the credentials are for %s; name other credentials with --profile", flag, of.AccountID, me.AccountID)
	}
	return nil
}
