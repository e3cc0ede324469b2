package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// Lambda makes no mapping that the role cannot read. With --no-iam the role may still
// lack its rights, and the policy that it needs is printed too, in one document.
func TestHookPrintsWhatTheRoleLacks(t *testing.T) {
	answers := map[string]string{
		"DescribeStreamSummary":     `{"StreamDescriptionSummary": {"StreamARN": "` + clitest.Orders + `"}}`,
		"DescribeTable":             `{"Table": {}}`,
		"Scan":                      `{"Items": []}`,
		"GET event-source-mappings": `{"EventSourceMappings": []}`,
		"GET fanout": `{"Configuration": {"FunctionName": "fanout", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fanout",
			"Role": "arn:aws:iam::123456789012:role/r"}, "Tags": {"fanout:function": "fanout"}}`,
		"POST event-source-mappings": `{"message": "The function execution role does not have permissions to call GetRecords"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if op == "" {
			op = r.Method + " " + path.Base(r.URL.Path)
		}
		if op == "GET event-invoke-config" {
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if answers[op] == "" {
			t.Errorf("%s was called", op)
		}
		if strings.HasPrefix(op, "POST") {
			w.Header().Set("X-Amzn-Errortype", "InvalidParameterValueException")
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(w, answers[op])
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	for form, want := range map[string]string{"table": `{"Version"`, "json": `{"source":"` + clitest.Orders + `","function":"fanout","policy":{"Version"`} {
		var out, errs bytes.Buffer
		status := execute([]string{"hook", "--source-arn", clitest.Orders, "--no-iam", "--output", form}, nil, &out, &errs)
		if status != exitFailed || !strings.Contains(errs.String(), "does not have permissions") {
			t.Errorf("%s: exit status %d: %s", form, status, &errs)
		}
		var got bytes.Buffer
		if err := json.Compact(&got, out.Bytes()); err != nil || !strings.HasPrefix(got.String(), want) || !strings.Contains(got.String(), `"kinesis:GetRecords"`) {
			t.Errorf("%s: printed %s", form, &out)
		}
	}
}

// A hook that must fail ends before the policy is computed. The work would be wasted,
// and with --no-iam the policy would not be printed.
func TestHookLooksAtTheMappingFirst(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("EventSourceArn"): // the one mapping; the policy needs all of them
			w.Header().Set("X-Amzn-Errortype", "TooManyRequestsException")
			w.WriteHeader(http.StatusTooManyRequests)
		case strings.HasSuffix(r.URL.Path, "/fanout"):
			fmt.Fprint(w, `{"Configuration": {"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}, "Tags": {"fanout:function": "fanout"}}`)
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeStreamSummary"):
			fmt.Fprint(w, `{"StreamDescriptionSummary": {"StreamARN": "`+clitest.Orders+`"}}`)
		default:
			t.Errorf("%s %s was called", r.URL.Path, r.Header.Get("X-Amz-Target"))
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	var out, errs bytes.Buffer
	status := execute([]string{"hook", "--source-arn", clitest.Orders, "--no-iam"}, nil, &out, &errs)
	if status != exitFailed || !strings.Contains(errs.String(), "mappings of the function") {
		t.Errorf("exit status %d: %s", status, &errs)
	}
}

// A destination for failures that does not exist is refused before anything is written.
func TestHookLooksForTheQueue(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case strings.HasSuffix(r.URL.Path, "/fanout"):
			fmt.Fprint(w, `{"Configuration": {"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}, "Tags": {"fanout:function": "fanout"}}`)
		case op == "DescribeStreamSummary":
			fmt.Fprint(w, `{"StreamDescriptionSummary": {"StreamARN": "`+clitest.Orders+`"}}`)
		case op == "GetQueueUrl":
			w.Header().Set("X-Amzn-Query-Error", "AWS.SimpleQueueService.NonExistentQueue;Sender")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type": "com.amazonaws.sqs#QueueDoesNotExist"}`)
		case op == "": // GetCallerIdentity
			fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		default:
			t.Errorf("%s was called", op)
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	status := execute([]string{"hook", "--source-arn", clitest.Orders, "--on-failure", "arn:aws:sqs:eu-west-1:123456789012:nowhere"}, nil, &out, &errs)
	if want := "fanout: --on-failure: arn:aws:sqs:eu-west-1:123456789012:nowhere does not exist; "; status != exitFailed || !strings.HasPrefix(errs.String(), want) {
		t.Errorf("exit status %d: %s", status, &errs)
	}
}

// A stream whose view has no new images can be hooked, with a warning about the
// failures to come.
func TestHookWarnsOfViews(t *testing.T) {
	const customers = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000"
	const function = `"FunctionName": "fanout", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fanout",
		"Environment": {"Variables": {"FANOUT_REPORT_BATCH_ITEM_FAILURES": "true"}}, "Role": "arn:aws:iam::123456789012:role/r"`
	for view, warned := range map[string]bool{"KEYS_ONLY": true, "OLD_IMAGE": true, "NEW_IMAGE": false, "NEW_AND_OLD_IMAGES": false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			switch {
			case op == "DescribeTable":
				fmt.Fprintf(w, `{"Table": {"StreamSpecification": {"StreamEnabled": true, "StreamViewType": %q}}}`, view)
			case op == "Scan":
				fmt.Fprint(w, `{"Items": []}`)
			case r.Method == http.MethodPost && op == "":
				w.Header().Set("X-Amzn-Requestid", "1")
				w.WriteHeader(http.StatusAccepted)
				fmt.Fprint(w, `{"UUID": "1"}`)
			case strings.HasSuffix(r.URL.Path, "/event-source-mappings"):
				fmt.Fprint(w, `{"EventSourceMappings": []}`)
			case strings.HasSuffix(r.URL.Path, "/configuration"):
				fmt.Fprint(w, `{`+function+`}`)
			default:
				fmt.Fprint(w, `{"Configuration": {`+function+`}, "Tags": {"fanout:function": "fanout"}}`)
			}
		}))
		for name, value := range clitest.ClientEnv(server.URL, server.URL) {
			t.Setenv(name, value)
		}
		var out, errs bytes.Buffer
		status := execute([]string{"hook", "--source-arn", customers, "--no-iam"}, nil, &out, &errs)
		server.Close()
		if status != exitOK || strings.Contains(errs.String(), "the view "+view+" of "+customers+" has no new images") != warned {
			t.Errorf("%s: exit status %d: %s", view, status, &errs)
		}
	}
}
