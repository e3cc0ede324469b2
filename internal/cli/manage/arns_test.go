package manage

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
)

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
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	const other = "us-east-1:123456789012:"
	for name, tt := range map[string]struct {
		m    Command
		want string
	}{
		"none":     {Command{}, "eu-west-1"},
		"function": {Command{FunctionARN: "arn:aws:lambda:" + other + "function:f"}, "us-east-1"},
		"table":    {Command{TableARN: "arn:aws:dynamodb:" + other + "table/t"}, "us-east-1"},
		"stream":   {Command{SourceARN: "arn:aws:kinesis:" + other + "stream/s"}, "us-east-1"},
		"topic":    {Command{SourceARN: "arn:aws:sns:" + other + "t"}, "eu-west-1"},
	} {
		tt.m.Factory = &factory.Factory{}
		a, err := tt.m.account(t.Context(), nil)
		if err != nil || a.Region() != tt.want {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	os.Unsetenv("AWS_REGION")
	topic := Command{Factory: &factory.Factory{}, SourceARN: "arn:aws:sns:" + other + "t"}
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
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	m := Command{Factory: &factory.Factory{}}
	a, err := m.account(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string]string{
		"": "", "arn:aws:lambda:eu-west-1:123456789012:function:f": "",
		"arn:aws:lambda:eu-west-1:210987654321:function:f": "--function-arn is in the account 210987654321, but the credentials are for 123456789012; name other credentials with --profile",
	} {
		err := OwnAccount(t.Context(), a, "function-arn", arn)
		if _, usage := errors.AsType[*ui.UsageError](err); usage != (want != "") || usage && err.Error() != want {
			t.Errorf("%s: %v", arn, err)
		}
	}
}
