package cli

import (
	"bytes"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// Wrong names in flags are refused before any call: the endpoint would not answer, and
// the exit status would be 1.
func TestNamesAreChecked(t *testing.T) {
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	const function = "arn:aws:lambda:us-east-1:123456789012:function:reg"
	for _, tt := range []struct{ line, want string }{
		{"destroy --yes --function-arn arn:aws:s3:::fanout", `--function-arn is "arn:aws:s3:::fanout"; it must be the ARN of a Lambda function, such as `},
		{"destroy --yes --function-arn arn:aws:lambda:us-east-1:123456789012:layer:reg", "--function-arn is "},
		{"destroy --yes --function-arn arn:aws:lambda:us-east-1::function:reg", "--function-arn is "},
		{"destroy --yes --function-arn arn:aws:lambda::123456789012:function:reg", "--function-arn is "},
		{"destroy --yes --region eu-west-1 --function-arn " + function, "--region is eu-west-1, but --function-arn is in us-east-1; "},
		{"destroy --yes --function-arn " + function + " --table-arn arn:aws:dynamodb:eu-west-1:123456789012:table/t", "--function-arn is in us-east-1, but --table-arn is in eu-west-1; "},
		{"deploy --function-arn " + function + ":prod", `--function-arn names the alias or version "prod", but fanout works on the function itself; end the ARN after reg`},
		{"destroy --function-arn " + function + ":7 --yes", `--function-arn names the alias or version "7"`},
		{"hook --function reg:prod --source-type kinesis --source s", `the name of the function is "reg:prod"; `},
		{"deploy --exec-role-arn arn:aws:iam::123456789012:user/u", "--exec-role-arn is "},
		{"list --table-arn arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026", "--table-arn is "},
		{"hook --source-arn arn:aws:s3:::foo", "--source-arn is "},
		{"hook --source-arn arn:aws:dynamodb:eu-west-1:123456789012:table/t", "--source-arn is "},
		{"hook --region eu-west-1 --source-arn arn:aws:kinesis:us-east-1:123456789012:stream/s", "--region is eu-west-1, but --source-arn is in us-east-1; "},
		{"list --function " + function, `--function takes a name, but "` + function + `" is an ARN; use --function-arn`},
		{"list --source-type kinesis --source arn:aws:kinesis:us-east-1:123456789012:stream/s", "--source takes a name, but "},
		{"deploy --exec-role arn:aws:iam::123456789012:role/r", "--exec-role takes a name, but "},
		{"register sqs --source-type kinesis --source s --id a --destination q --active maybe", `--active is "maybe"; it must be true or false`},
		{"register sqs --source-type kinesis --source s --id a --destination q --parallel fasle --active true", `--parallel is "fasle"; it must be true or false; did you mean false?`},
		{"update --source-type kinesis --source s --id a --convert-ddb ture", `--convert-ddb is "ture"; it must be true or false; did you mean true?`},
		{"register --active sqs --source-type kinesis --id a --destination q", "the source is missing; "},
		{"hook --source-type kinesis --source s --on-failure notanarn", `--on-failure is "notanarn"; it must be the ARN of an SQS queue, SNS topic or S3 bucket, such as `},
		{"hook --source-type kinesis --source s --on-failure arn:aws:iam::123456789012:role/r", "--on-failure is "},
	} {
		t.Run(tt.line, func(t *testing.T) {
			var out, errs bytes.Buffer
			status := execute(strings.Fields(tt.line), nil, &out, &errs)
			if status != exitUsage || !strings.HasPrefix(errs.String(), "fanout: "+tt.want) {
				t.Errorf("exit status %d: %s", status, &errs)
			}
		})
	}
}

// An unset variable in a script names nothing, rather than everything.
func TestEmptyNames(t *testing.T) {
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	for _, line := range []string{
		"list --source-type kinesis --source", "list --source-arn", "apply x.yaml --source-arn", "list --table", "list --table-arn",
		"destroy --yes --function", "destroy --yes --function-arn", "unregister --source-type sns --source x --id", "deploy --exec-role",
	} {
		args := append(strings.Fields(line), "")
		var out, errs bytes.Buffer
		want := "fanout: " + args[len(args)-2] + " is empty; set a value, or remove the flag\n"
		if status := execute(args, nil, &out, &errs); status != exitUsage || errs.String() != want {
			t.Errorf("%s: exit status %d: %s", line, status, &errs)
		}
	}
}
