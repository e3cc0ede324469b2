package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// Wrong names in flags are refused before any call: the endpoint would not answer, and
// the exit status would be 1.
func TestNamesAreChecked(t *testing.T) {
	for name, value := range clientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
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
	for name, value := range clientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
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

// ARNs of every partition are taken, and consumers, and topics of another region.
func TestARNForms(t *testing.T) {
	for _, tt := range []struct{ thing, arn string }{
		{"function", "arn:aws-cn:lambda:cn-north-1:123456789012:function:f_-1"},
		{"table", "arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/a.b-c_d"},
		{"exec-role", "arn:aws:iam::123456789012:role/service-role/x@y"},
		{"source", "arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:1700000000"},
		{"source", "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-11-22T20:15:00.000"},
		{"source", "arn:aws:sns:eu-west-1:123456789012:alerts.fifo"},
	} {
		if err := checkARN(tt.thing, tt.arn); err != nil {
			t.Error(err)
		}
	}
	for _, on := range []string{"arn:aws:sqs:eu-west-1:123456789012:q.fifo", "arn:aws:s3:::bucket"} {
		if err := streamFailureForm.check("on-failure", on); err != nil {
			t.Error(err)
		}
	}
}

// Commands work in the region of the ARNs on the command line, even if the environment
// names another.
func TestRegionOfARNs(t *testing.T) {
	for name, value := range clientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	const other = "us-east-1:123456789012:"
	for name, tt := range map[string]struct {
		m    manage
		want string
	}{
		"none":     {manage{}, "eu-west-1"},
		"function": {manage{functionARN: "arn:aws:lambda:" + other + "function:f"}, "us-east-1"},
		"table":    {manage{tableARN: "arn:aws:dynamodb:" + other + "table/t"}, "us-east-1"},
		"stream":   {manage{sourceARN: "arn:aws:kinesis:" + other + "stream/s"}, "us-east-1"},
		"topic":    {manage{sourceARN: "arn:aws:sns:" + other + "t"}, "eu-west-1"},
	} {
		tt.m.common = &common{}
		a, err := tt.m.account(t.Context(), nil)
		if err != nil || a.Region() != tt.want {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	os.Unsetenv("AWS_REGION")
	topic := manage{common: &common{}, sourceARN: "arn:aws:sns:" + other + "t"}
	if a, err := topic.account(t.Context(), nil); err != nil || a.Region() != "us-east-1" {
		t.Errorf("no region but the topic's: %v, %v", a, err)
	}
}

// An ARN of another account is refused if related resources are looked up by name.
func TestOwnAccount(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
	}))
	defer server.Close()
	for name, value := range clientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	m := manage{common: &common{}}
	a, err := m.account(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string]string{
		"": "", "arn:aws:lambda:eu-west-1:123456789012:function:f": "",
		"arn:aws:lambda:eu-west-1:210987654321:function:f": "--function-arn is in the account 210987654321, but the credentials are for 123456789012; name other credentials with --profile",
	} {
		err := ownAccount(t.Context(), a, "function-arn", arn)
		if _, usage := errors.AsType[*usageError](err); usage != (want != "") || usage && err.Error() != want {
			t.Errorf("%s: %v", arn, err)
		}
	}
}
