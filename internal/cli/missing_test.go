package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// An account has the function "orders" and its table, both in eu-west-1.
func TestMissingNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		missing := func() {
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "{}")
		}
		here := strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/")
		switch {
		case r.URL.Path == "/2015-03-31/functions" && here || r.URL.Path == "/2015-03-31/functions/" && here:
			fmt.Fprint(w, `{"Functions": [{"FunctionName": "other", "Runtime": "python3.13"}, {"FunctionName": "orders", "Runtime": "provided.al2023"}]}`)
		case r.URL.Path == "/2015-03-31/functions" || r.URL.Path == "/2015-03-31/functions/":
			fmt.Fprint(w, `{"Functions": []}`)
		case strings.HasSuffix(r.URL.Path, "/functions/orders/configuration") && here:
			fmt.Fprint(w, `{"FunctionArn": "arn", "Environment": {"Variables": {"FANOUT_TABLE": "gone"}}}`)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/event-source-mappings"):
			fmt.Fprint(w, `{"EventSourceMappings": []}`) // even for a function that does not exist
		default:
			missing()
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	elsewhere := "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
	for line, want := range map[string]string{
		"list --function ordrs":                                  `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"policy --function ordrs":                                `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"template --function ordrs --format sam":                 `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"pause --function ordrs --source-arn " + clitest.Orders:  `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"unhook --function ordrs --source-arn " + clitest.Orders: `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"pause --function orders --source-arn " + clitest.Orders: clitest.Orders + ` is not hooked to the function "orders"; use fanout hook`,
		"redrive --function ordrs --queue q":                     `there is no function "ordrs" in eu-west-1; did you mean --function orders?`,
		"list":                                                   `there is no function "fanout" in eu-west-1; check --function and --region, run fanout deploy, or name a table with --table, because the table "fanoutTargets" does not exist either`,
		"list --function orders":                                 `the target table "gone" does not exist in eu-west-1; run fanout deploy, or name another table with --table`,
		"list --source-arn " + elsewhere:                         `there is no function "fanout" in us-east-1, the region of the ARN (your region is eu-west-1); check --function and --region, `,
		"template --function x --format sam":                     `there is no function "x" in eu-west-1; check --function and --region, run fanout deploy, or add --targets to describe a function that is not deployed`,
	} {
		var out, errs bytes.Buffer
		if status := execute(strings.Fields(line), strings.NewReader(""), &out, &errs); status != exitFailed || !strings.HasPrefix(errs.String(), "fanout: "+want) {
			t.Errorf("%s: exit status %d, %s", line, status, &errs)
		}
	}
}

// Doctor proposes a name too, with the command to examine it.
func TestDoctorOfAMissingFunction(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/") && strings.HasSuffix(r.URL.Path, "/configuration") {
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"Functions": [{"FunctionName": "orders", "Runtime": "provided.al2023"}]}`)
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	for name, want := range map[string]string{
		"ordrs": "it does not exist; did you mean orders?|run fanout doctor --function orders --region eu-central-1",
		"x":     "it does not exist|run fanout deploy --function x --region eu-central-1, or name another function with --function",
	} {
		var out, errs bytes.Buffer
		execute([]string{"doctor", "--function", name, "--region", "eu-central-1", "--output", "json"}, nil, &out, &errs)
		text, do, _ := strings.Cut(want, "|")
		if !strings.Contains(out.String(), fmt.Sprintf("%q: %q", "text", text)) || !strings.Contains(out.String(), fmt.Sprintf("%q: %q", "do", do)) {
			t.Errorf("%s: %s%s", name, &out, &errs)
		}
	}
}
