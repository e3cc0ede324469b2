package awsfake_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

func TestInvoke(t *testing.T) {
	event := func(size int) string {
		return `{"Records":["` + strings.Repeat("x", size-len(`{"Records":[""]}`)) + `"]}`
	}
	tests := []struct {
		name, function, qualifier, payload string
		kind                               types.InvocationType
		refuse                             map[int]string
		want                               string
	}{
		{"name", "orders", "", `{"Records":[{"a" : 1},2]}`, "Event", nil, ""},
		{"ARN", "arn:aws:lambda:eu-west-1:123456789012:function:orders", "", `{"Records":[{"a" : 1},2]}`, "Event", nil, ""},
		{"largest", "orders", "", event(1 << 20), "Event", nil, ""},
		{"too large", "orders", "", event(1<<20 + 1), "Event", nil, "RequestEntityTooLargeException"},
		{"not JSON", "orders", "", `{`, "Event", nil, "InvalidRequestContentException"},
		{"synchronous", "orders", "", `{}`, "RequestResponse", nil, "InvalidParameterValueException"},
		{"refused", "orders", "", `{}`, "Event", map[int]string{0: "ServiceException"}, "ServiceException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Refuse: tt.refuse} })
			out, err := lambda.NewFromConfig(cfg).Invoke(t.Context(), &lambda.InvokeInput{
				FunctionName: &tt.function, InvocationType: tt.kind, Payload: []byte(tt.payload),
			})
			if got := code(t, err); got != tt.want {
				t.Fatalf("error %q; want %q", got, tt.want)
			}
			got := fake.Records("lambda/orders")
			if err != nil {
				if len(got) != 0 {
					t.Errorf("%d records were taken", len(got))
				}
				return
			}
			if out.StatusCode != http.StatusAccepted {
				t.Errorf("status %d", out.StatusCode)
			}
			if tt.name == "largest" {
				return
			}
			if diff := cmp.Diff([]awsfake.Record{{Data: []byte(`{"a" : 1}`)}, {Data: []byte("2")}}, got); diff != "" {
				t.Errorf("records differ (-want +got):\n%s", diff)
			}
		})
	}
	fake, cfg := start(t)
	if _, err := lambda.NewFromConfig(cfg).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("orders"), Qualifier: aws.String("live"), InvocationType: "Event", Payload: []byte(`{"Records":[1]}`),
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lambda/orders:live"}, fake.Destinations()); diff != "" {
		t.Errorf("destinations differ (-want +got):\n%s", diff)
	}
}

func TestPublish(t *testing.T) {
	tests := []struct {
		name, topic string
		qos         int32
		size        int
		refuse      map[int]string
		want        string
	}{
		{"plain", "a/b c", 0, 3, nil, ""},
		{"once", "a", 1, 3, nil, ""},
		{"empty", "a", 0, 0, nil, ""},
		{"largest", strings.Repeat("t", 256), 0, 128 << 10, nil, ""},
		{"too large", "a", 0, 128<<10 + 1, nil, "RequestEntityTooLargeException"},
		{"long topic", strings.Repeat("t", 257), 0, 1, nil, "InvalidRequestException"},
		{"wildcard", "a/#", 0, 1, nil, "InvalidRequestException"},
		{"exactly once", "a", 2, 1, nil, "InvalidRequestException"},
		{"refused", "a", 0, 1, map[int]string{0: "InternalFailureException"}, "InternalFailureException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Refuse: tt.refuse} })
			_, err := iotdataplane.NewFromConfig(cfg).Publish(t.Context(), &iotdataplane.PublishInput{
				Topic: &tt.topic, Qos: tt.qos, Payload: []byte(strings.Repeat("x", tt.size)),
			})
			if got := code(t, err); got != tt.want {
				t.Errorf("error %q; want %q", got, tt.want)
			}
			got := fake.Records("iot/" + tt.topic)
			if tt.want != "" {
				if len(got) != 0 {
					t.Errorf("%d messages were taken", len(got))
				}
				return
			}
			if len(got) != 1 || len(got[0].Data) != tt.size {
				t.Errorf("%d messages were taken", len(got))
			}
			if c := fake.Calls()[0]; c.Service != "iot" || c.Operation != "Publish" || c.Region != "eu-west-1" {
				t.Errorf("call %+v", c)
			}
		})
	}
}
