package lambda_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

// Every target has a line in the log, every invocation, and no line has a payload.
func TestLog(t *testing.T) {
	const secret = "s3cr3t"
	data := make([][]byte, 30)
	for i := range data {
		data[i] = fmt.Appendf(nil, `{"%s":%d}`, secret, i)
	}
	data = append(data, bytes.Repeat([]byte(secret), 300<<10/len(secret))) // too large for SNS
	a := open(t, targets(orders,
		"id: refused, type: kinesis, destination: refused", "id: throttled, type: firehose, destination: throttled",
		"id: large, type: sns, collapse: none, "+to("sns", "large", ""), "id: echo, type: sqs, collapse: none, "+to("sqs", "echo", ""),
		"id: bad, type: sqs, destination: "+`"`+strings.Repeat("x", 99)+`"`,
	), func(o *lambda.Options) { o.LogLevel = zapcore.DebugLevel })
	throttled := false
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		switch c.Destination {
		case "refused": // as Kinesis does, with the value
			return &awsfake.Fault{Code: "ValidationException", Message: "1 validation error detected: Value '" + secret + "' at 'records.1.member.data' failed to satisfy constraint: Member must be nice"}
		case "echo":
			return &awsfake.Fault{Status: 403, Body: []byte(secret)}
		case "throttled":
			if !throttled {
				throttled = true
				return &awsfake.Fault{Refuse: map[int]string{0: "ServiceUnavailableException"}}
			}
		}
		return nil
	})
	for n := range 2 {
		answer := a.answer(orderEvent(data...))
		for _, text := range []string{answer, a.log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("a payload is in %s", text)
			}
		}
		lines := map[string]int{}
		for _, e := range a.logged() {
			lines[e.Target]++
			if e.Delivered+e.Already+e.Filtered+e.Dropped+e.Failed != len(data) {
				t.Errorf("the numbers of %q do not add up to %d: %+v", e.Target, len(data), e)
			}
			if e.Target == "throttled" {
				want := []entry{{Msg: "delivered", Delivered: len(data)}, {Msg: "already delivered", Already: len(data)}}[n]
				if e.Msg != want.Msg || e.Delivered != want.Delivered || e.Already != want.Already {
					t.Errorf("invocation %d: the log says %+v", n, e)
				}
			}
		}
		if diff := cmp.Diff(map[string]int{"refused": 1, "throttled": 1, "large": 1, "echo": 1, "bad": 1}, lines); diff != "" {
			t.Errorf("invocation %d has other lines than one a target: %s", n, diff)
		}
	}
}

// In Lambda every line names the invocation, as Lambda's own lines do.
func TestLogNamesTheRequest(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: x, colour: blue"))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	if _, err := a.Invoke(ctx, []byte(orderEvent([]byte("one")))); err != nil {
		t.Fatal(err)
	}
	log := a.log.String()
	if lines := strings.Count(log, "\n"); lines != 2 || strings.Count(log, `"requestId":"request-1"`) != lines {
		t.Errorf("the log says %s", log)
	}
}

// Messages below the level are not logged.
func TestLogLevel(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: x, colour: blue"), func(o *lambda.Options) { o.LogLevel = zapcore.WarnLevel })
	a.deliver(orderEvent([]byte("one")))
	log := a.logged()
	if len(log) != 1 || log[0].Level != "warn" || log[0].Error != a.file+`:2: colour: unknown attribute, ignored` {
		t.Errorf("the log says %+v", log)
	}
}
