package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fanout/internal/testing/clitest"
)

// Values that AWS refuses are refused before any call, so that no rights are given for
// them.
func TestHookRefusesWhatAWSRefuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was called", r.Method, r.URL)
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	const (
		table = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-31T12:34:56.789"
		topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
		queue = "arn:aws:sqs:eu-west-1:123456789012:failures"
		msk   = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders"
	)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, c := range []struct{ flags, want string }{
		// Starting positions.
		{"--source-arn " + table + " --starting-position AT_TIMESTAMP=2026-01-01T00:00:00Z", "--starting-position is AT_TIMESTAMP, which works only for Kinesis streams and Kafka topics; "},
		{"--source-type dynamodb --source t --starting-position AT_TIMESTAMP=2026-01-01T00:00:00Z", "--starting-position is AT_TIMESTAMP, which works only for Kinesis streams and Kafka topics; "},
		{"--source-arn " + clitest.Orders + " --starting-position AT_TIMESTAMP=" + soon, "--starting-position is AT_TIMESTAMP=" + soon + ", which is in the future; "},
		// Topics that invoke nothing.
		{"--source-arn " + topic + ".fifo", `the topic "` + topic + `.fifo" is a FIFO topic, which delivers only to SQS queues and cannot invoke a function; `},
		{"--source-type sns --source alerts.fifo", `the topic "alerts.fifo" is a FIFO topic, `},
		// Bounds, which differ for a topic.
		{"--source-arn " + clitest.Orders + " --batch-size 0", "--batch-size is 0; it must be 1 to 10000"},
		{"--source-arn " + clitest.Orders + " --batching-window 5m1s", "--batching-window is 301; it must be 0 to 300"},
		{"--source-arn " + clitest.Orders + " --parallelization-factor 11", "--parallelization-factor is 11; it must be 1 to 10"},
		{"--source-arn " + clitest.Orders + " --maximum-retry-attempts 10001", "--maximum-retry-attempts is 10001; it must be 0 to 10000, or -1"},
		{"--source-arn " + clitest.Orders + " --maximum-record-age 1.5s", `--maximum-record-age is "1.5s"; it must be whole seconds such as 90, or a duration such as 90s or 5m`},
		{"--source-arn " + clitest.Orders + " --maximum-record-age 8d", `--maximum-record-age is "8d"; it must be whole seconds `},
		{"--source-arn " + clitest.Orders + " --maximum-record-age 169h", "--maximum-record-age is 608400; it must be 60 to 604800, or -1"},
		{"--source-arn " + topic + " --maximum-retry-attempts 3", "--maximum-retry-attempts is 3; for an SNS topic it must be 0 to 2"},
		{"--source-arn " + topic + " --maximum-retry-attempts -1", "--maximum-retry-attempts is -1; for an SNS topic it must be 0 to 2"},
		{"--source-arn " + topic + " --maximum-record-age 7h", "--maximum-record-age is 25200; for an SNS topic it must be 60 to 21600"},
		// Settings that topics do not have.
		{"--source-arn " + topic + " --batch-size 5", "--batch-size has no effect on SNS topics; remove it"},
		{"--source-arn " + topic + " --batching-window 5", "--batching-window has no effect on SNS topics; remove it"},
		{"--source-arn " + topic + " --starting-position LATEST", "--starting-position has no effect on SNS topics; remove it"},
		{"--source-arn " + topic + " --parallelization-factor 2", "--parallelization-factor has no effect on SNS topics; remove it"},
		{"--source-arn " + topic + " --bisect", "--bisect has no effect on SNS topics; remove it"},
		{"--source-arn " + topic + " --filter {} --filter {}", "--filter appears more than once, but a subscription can have only one filter policy; combine them"},
		// Kafka topics.
		{"--source-arn " + msk + " --parallelization-factor 2", "--parallelization-factor has no effect on Kafka topics: "},
		{"--source-arn " + msk + " --maximum-concurrency 2", "--maximum-concurrency is for SQS queues"},
		{"--source-arn " + msk + " --batch-size 10001", "--batch-size is 10001; for a Kafka topic it must be 1 to 10000"},
		{"--source-arn " + msk + " --minimum-pollers 201", "--minimum-pollers is 201; for a Kafka topic it must be 1 to 200"},
		{"--source-arn " + msk + " --minimum-pollers 9 --maximum-pollers 8", "--maximum-pollers is 8, which is less than --minimum-pollers; raise it"},
		{"--source-arn " + msk + " --source-access VPC_SUBNET=subnet:subnet-1", "--source-access is VPC_SUBNET, which clusters of Amazon MSK do not take; "},
		{"--source-arn kafka://b:9092/orders --source-access SASL_SCRAM_512=arn:aws:x", `--source-access is "SASL_SCRAM_512=arn:aws:x"; write TYPE=URI with one of the types BASIC_AUTH, `},
		{"--source-arn kafka://b:9092/orders --source-access VPC_SUBNET=subnet-1", `--source-access is "VPC_SUBNET=subnet-1"; the URI of VPC_SUBNET begins with subnet:subnet-`},
		{"--source-arn kafka://b/orders --minimum-pollers 1", `--source-arn: "kafka://b/orders" has a broker that is not HOST:PORT; `},
		{"--source-arn " + queue + " --consumer-group g", "--consumer-group works only for Kafka topics; remove it"},
		{"--source-arn " + clitest.Orders + " --minimum-pollers 1", "--minimum-pollers works only for Kafka topics; remove it"},
		// Settings that queues do not have.
		{"--source-arn " + queue + " --starting-position LATEST", "--starting-position has no effect on SQS queues: "},
		{"--source-arn " + queue + " --parallelization-factor 2", "--parallelization-factor has no effect on SQS queues: "},
		{"--source-arn " + queue + " --bisect", "--bisect has no effect on SQS queues: "},
		{"--source-arn " + queue + " --maximum-retry-attempts 2", "--maximum-retry-attempts has no effect on SQS queues: "},
		{"--source-arn " + queue + " --maximum-record-age 1h", "--maximum-record-age has no effect on SQS queues: "},
		{"--source-arn " + queue + " --on-failure " + queue, "--on-failure has no effect on SQS queues: "},
		{"--source-arn " + queue + ".fifo --batching-window 5", "--batching-window has no effect on FIFO queues; remove it"},
		{"--source-arn " + queue + ".fifo --batch-size 11", "--batch-size is 11; for a FIFO queue it must be 1 to 10"},
		{"--source-type sqs --source orders.fifo --batch-size 11", "--batch-size is 11; for a FIFO queue it must be 1 to 10"},
		{"--source-arn " + queue + " --batch-size 10001", "--batch-size is 10001; for an SQS queue it must be 1 to 10000"},
		{"--source-arn " + queue + " --maximum-concurrency 1", "--maximum-concurrency is 1; for an SQS queue it must be 2 to 1000"},
		{"--source-arn " + clitest.Orders + " --maximum-concurrency 5", "--maximum-concurrency is for SQS queues; "},
		{"--source-arn " + topic + " --maximum-concurrency 5", "--maximum-concurrency has no effect on SNS topics; remove it"},
		{"--source orders", "--source needs --source-type; add --source-type kinesis, dynamodb, sns or sqs"},
		// Filters.
		{"--source-arn " + clitest.Orders + strings.Repeat(` --filter {"a":[1]}`, 11), "--filter appears 11 times; a mapping can have at most 10 filters"},
		{"--source-arn " + clitest.Orders + ` --filter {"a":1}`, `--filter is "{\"a\":1}"; the value of "a" must be a list of matching values, `},
		// Destinations for failures.
		{"--source-arn " + clitest.Orders + " --on-failure failures", `--on-failure is "failures"; it must be the ARN of an SQS queue, SNS topic or S3 bucket, such as `},
		{"--source-arn " + clitest.Orders + " --on-failure " + clitest.Orders, `--on-failure is "` + clitest.Orders + `"; it must be the ARN of an SQS queue, SNS topic or S3 bucket, such as `},
		{"--source-arn " + clitest.Orders + " --on-failure kafka://topic", `--on-failure is "kafka://topic"; it must be the ARN of an SQS queue, SNS topic or S3 bucket, such as `},
		{"--source-arn " + clitest.Orders + " --on-failure arn:aws:lambda:eu-west-1:123456789012:function:f", `--on-failure is "arn:aws:lambda:eu-west-1:123456789012:function:f"; it must be the ARN of an SQS queue, SNS topic or S3 bucket, such as `},
		{"--source-arn " + topic + " --on-failure " + clitest.Orders, `--on-failure is "` + clitest.Orders + `"; it must be the ARN of an SQS queue, SNS topic, S3 bucket, Lambda function or event bus, such as `},
		{"--source-arn " + clitest.Orders + " --on-failure " + queue + ".fifo", `--on-failure is "` + queue + `.fifo", which is FIFO; Lambda sends only to standard queues and topics`},
		{"--source-arn " + topic + " --on-failure arn:aws:sns:eu-west-1:123456789012:late.fifo", `--on-failure is "arn:aws:sns:eu-west-1:123456789012:late.fifo", which is FIFO; `},
		{"--source-arn " + clitest.Orders + " --on-failure arn:aws:sqs:::failures", `--on-failure is "arn:aws:sqs:::failures", which lacks a region or an account; `},
		{"--source-arn " + topic + " --on-failure " + topic, "--on-failure is the source itself, so failed messages would come back forever; "},
		{"--source-arn " + topic + " --on-failure arn:aws:lambda:eu-west-1:123456789012:function:fanout:live", "--on-failure is the function itself, so failed messages would come back forever; "},
	} {
		var out, errs bytes.Buffer
		status := execute(append([]string{"hook"}, strings.Fields(c.flags)...), nil, &out, &errs)
		if status != exitUsage || !strings.HasPrefix(errs.String(), "fanout: "+c.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("hook %s: exit status %d: %s", c.flags, status, &errs)
		}
	}
}

// Rights for a hook are removed if Lambda refuses the hook.
func TestHookTakesRightsBack(t *testing.T) {
	const self = "arn:aws:lambda:eu-west-1:123456789012:function:fanout"
	var policies []string
	has := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		refuse := func(status int, code string) {
			w.Header().Set("X-Amzn-Errortype", code)
			w.WriteHeader(status)
			if r.Form.Has("Action") {
				fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code></Error></ErrorResponse>`, code)
			} else {
				fmt.Fprint(w, "{}")
			}
		}
		if op == "" {
			op = r.Form.Get("Action")
		}
		switch {
		case op == "DescribeStreamSummary":
			fmt.Fprint(w, `{"StreamDescriptionSummary": {"StreamARN": "`+clitest.Orders+`"}}`)
		case op == "DescribeTable":
			fmt.Fprint(w, `{"Table": {}}`)
		case op == "Scan":
			fmt.Fprint(w, `{"Items": []}`)
		case op == "GetRole":
			fmt.Fprint(w, `<GetRoleResponse><GetRoleResult><Role><Tags><member><Key>fanout:function</Key><Value>fanout</Value></member></Tags></Role></GetRoleResult></GetRoleResponse>`)
		case op == "GetRolePolicy" && has == "":
			refuse(http.StatusNotFound, "NoSuchEntity")
		case op == "GetRolePolicy":
			fmt.Fprintf(w, `<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>%s</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>`, strings.ReplaceAll(has, "\"", "&quot;"))
		case op == "PutRolePolicy":
			has = r.Form.Get("PolicyDocument")
			policies = append(policies, has)
			fmt.Fprint(w, `<PutRolePolicyResponse/>`)
		case strings.HasSuffix(r.URL.Path, "/event-invoke-config"):
			refuse(http.StatusNotFound, "ResourceNotFoundException")
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "event-source-mappings"):
			fmt.Fprint(w, `{"EventSourceMappings": []}`)
		case r.Method == http.MethodPost && strings.Contains(r.URL.Path, "event-source-mappings"):
			refuse(http.StatusBadRequest, "InvalidParameterValueException")
		case strings.HasSuffix(r.URL.Path, "/fanout"):
			fmt.Fprint(w, `{"Configuration": {"FunctionName": "fanout", "FunctionArn": "`+self+`", "Role": "arn:aws:iam::123456789012:role/r"}, "Tags": {"fanout:function": "fanout"}}`)
		default:
			t.Errorf("%s %s %s was called", r.Method, r.URL, op)
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	if status := execute([]string{"hook", "--source-arn", clitest.Orders}, nil, &out, &errs); status != exitFailed {
		t.Errorf("exit status %d: %s", status, &errs)
	}
	if len(policies) != 2 || !strings.Contains(policies[0], "kinesis:GetRecords") || strings.Contains(policies[1], "kinesis:") {
		t.Errorf("policies written: %q\n%s", policies, &errs)
	}
}
