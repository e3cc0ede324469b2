package awsfake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

// sent is a message of SQS or SNS, and the code of its failure.
type sent struct {
	id, body, group, dedup string
	attributes             map[string]awsfake.Attribute
}

// messageTests are for both services. entry is the code of the first message alone, where
// param stands for the service's name of a bad parameter. whole is the code of the
// request.
var messageTests = []struct {
	name         string
	fifo         bool
	messages     []sent
	entry, whole string
	only         string // the service with this answer; "": both
}{
	{name: "plain", messages: []sent{{id: "0", body: "a"}}},
	{name: "attributes", messages: []sent{{id: "0", body: "a", attributes: map[string]awsfake.Attribute{
		"s": {Type: "String", Value: "v"}, "b": {Type: "Binary", Value: "\x00"},
	}}}},
	{name: "empty body", messages: []sent{{id: "0"}}, entry: "param"},
	{name: "control character", messages: []sent{{id: "0", body: "\x01"}}, entry: "param"},
	{name: "U+FFFE", messages: []sent{{id: "0", body: "\uFFFE"}}, entry: "param"},
	{name: "attribute without a value", messages: []sent{{id: "0", body: "a", attributes: map[string]awsfake.Attribute{"s": {Type: "String"}}}}, entry: "param"},
	{name: "attribute with a control character", messages: []sent{{id: "0", body: "a", attributes: map[string]awsfake.Attribute{"s": {Type: "String", Value: "\x01"}}}}, entry: "param"},
	{name: "attribute of an unknown type", messages: []sent{{id: "0", body: "a", attributes: map[string]awsfake.Attribute{"s": {Type: "Strange", Value: "v"}}}}, entry: "param"},
	{name: "too many attributes", messages: []sent{{id: "0", body: "a", attributes: manyAttributes(11)}}, entry: "param", only: "sqs"},
	{name: "an attribute with a label", messages: []sent{{id: "0", body: "a", attributes: map[string]awsfake.Attribute{"s": {Type: "String.Array", Value: "[]"}}}}},
	{name: "deduplication in a standard queue", messages: []sent{{id: "0", body: "a", dedup: "d"}}, entry: "param"},
	{name: "group in a standard queue", messages: []sent{{id: "0", body: "a", group: "g"}}},
	{name: "fifo", fifo: true, messages: []sent{{id: "0", body: "a", group: "g", dedup: "d"}}},
	{name: "fifo without group", fifo: true, messages: []sent{{id: "0", body: "a", dedup: "d"}}, entry: "param"},
	{name: "fifo without deduplication", fifo: true, messages: []sent{{id: "0", body: "a", group: "g"}}, entry: "param"},
	{name: "fifo with a bad group", fifo: true, messages: []sent{{id: "0", body: "a", group: "g g", dedup: "d"}}, entry: "param"},
	{name: "fifo with a group too long", fifo: true, messages: []sent{{id: "0", body: "a", group: strings.Repeat("g", 129), dedup: "d"}}, entry: "param"},
	{name: "fifo with a bad deduplication id", fifo: true, messages: []sent{{id: "0", body: "a", group: "g", dedup: "ü"}}, entry: "param"},
	{name: "no messages", whole: "EmptyBatchRequest"},
	{name: "eleven messages", messages: manyMessages(11), whole: "TooManyEntriesInBatchRequest"},
	{name: "ids that are the same", messages: []sent{{id: "0", body: "a"}, {id: "0", body: "b"}}, whole: "BatchEntryIdsNotDistinct"},
	{name: "an id with a blank", messages: []sent{{id: "a b", body: "a"}}, whole: "InvalidBatchEntryId"},
	{name: "too large together", messages: []sent{{id: "0", body: strings.Repeat("x", 1<<20)}, {id: "1", body: "x"}}, whole: "BatchRequestTooLong"},
	{name: "too large alone", messages: []sent{{id: "0", body: strings.Repeat("x", 1<<20+1)}}, whole: "BatchRequestTooLong"},
}

func manyAttributes(n int) map[string]awsfake.Attribute {
	all := make(map[string]awsfake.Attribute)
	for i := range n {
		all[fmt.Sprint(i)] = awsfake.Attribute{Type: "String", Value: "v"}
	}
	return all
}

func manyMessages(n int) []sent {
	all := make([]sent, n)
	for i := range all {
		all[i] = sent{id: fmt.Sprint(i), body: "a"}
	}
	return all
}

// optional returns nil for "", like a missing field.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// sendMessages sends with SQS. It returns the code of the first message that failed.
func sendMessages(t *testing.T, cfg aws.Config, fifo bool, messages []sent) (string, error) {
	t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(queue), Entries: []sqstypes.SendMessageBatchRequestEntry{}}
	if fifo {
		in.QueueUrl = aws.String(queue + ".fifo")
	}
	for _, m := range messages {
		e := sqstypes.SendMessageBatchRequestEntry{
			Id: &m.id, MessageBody: &m.body, MessageGroupId: optional(m.group), MessageDeduplicationId: optional(m.dedup),
			MessageAttributes: make(map[string]sqstypes.MessageAttributeValue),
		}
		for name, a := range m.attributes {
			v := sqstypes.MessageAttributeValue{DataType: &a.Type}
			if a.Type == "Binary" {
				v.BinaryValue = []byte(a.Value)
			} else {
				v.StringValue = &a.Value
			}
			e.MessageAttributes[name] = v
		}
		in.Entries = append(in.Entries, e)
	}
	out, err := sqs.NewFromConfig(cfg).SendMessageBatch(t.Context(), in)
	if err != nil || len(out.Failed) == 0 {
		return "", err
	}
	return aws.ToString(out.Failed[0].Code), nil
}

// publish sends with SNS. It returns the code of the first message that failed.
func publish(t *testing.T, cfg aws.Config, fifo bool, messages []sent) (string, error) {
	t.Helper()
	in := &sns.PublishBatchInput{TopicArn: aws.String(topic), PublishBatchRequestEntries: []snstypes.PublishBatchRequestEntry{}}
	if fifo {
		in.TopicArn = aws.String(topic + ".fifo")
	}
	for _, m := range messages {
		e := snstypes.PublishBatchRequestEntry{
			Id: &m.id, Message: &m.body, MessageGroupId: optional(m.group), MessageDeduplicationId: optional(m.dedup),
			MessageAttributes: make(map[string]snstypes.MessageAttributeValue),
		}
		for name, a := range m.attributes {
			v := snstypes.MessageAttributeValue{DataType: &a.Type}
			if a.Type == "Binary" {
				v.BinaryValue = []byte(a.Value)
			} else {
				v.StringValue = &a.Value
			}
			e.MessageAttributes[name] = v
		}
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, e)
	}
	out, err := sns.NewFromConfig(cfg).PublishBatch(t.Context(), in)
	if err != nil || len(out.Failed) == 0 {
		return "", err
	}
	return aws.ToString(out.Failed[0].Code), nil
}

func TestMessages(t *testing.T) {
	for _, service := range []struct {
		name, param, prefix string
		send                func(*testing.T, aws.Config, bool, []sent) (string, error)
	}{
		{"sqs", "InvalidParameterValue", "AWS.SimpleQueueService.", sendMessages},
		{"sns", "InvalidParameter", "", publish},
	} {
		for _, tt := range messageTests {
			if tt.only != "" && tt.only != service.name {
				continue
			}
			t.Run(service.name+"/"+tt.name, func(t *testing.T) {
				fake, cfg := start(t)
				fake.SetLimit("sns/orders", 1<<20)
				entry, err := service.send(t, cfg, tt.fifo, tt.messages)
				if got := strings.TrimPrefix(code(t, err), service.prefix); got != tt.whole {
					t.Errorf("the request fails with %q; want %q", got, tt.whole)
				}
				if want := strings.Replace(tt.entry, "param", service.param, 1); entry != want {
					t.Errorf("the message fails with %q; want %q", entry, want)
				}
				destination := service.name + "/orders"
				if tt.fifo {
					destination += ".fifo"
				}
				taken := fake.Records(destination)
				if tt.entry != "" || tt.whole != "" {
					if len(taken) != 0 {
						t.Errorf("%d messages were taken", len(taken))
					}
					return
				}
				m := tt.messages[0]
				want := []awsfake.Record{{Data: []byte(m.body), GroupID: m.group, DeduplicationID: m.dedup, Attributes: m.attributes}}
				if diff := cmp.Diff(want, taken); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
				if _, err := service.send(t, cfg, tt.fifo, tt.messages); err != nil {
					t.Error(err)
				}
				if n, want := len(fake.Records(destination)), 2; tt.fifo == (n == want) {
					t.Errorf("%d messages after sending one twice", n)
				}
			})
		}
	}
}

// TestMessageLimits asserts the default limits of a queue and a topic.
func TestMessageLimits(t *testing.T) {
	fake, cfg := start(t)
	body := func(n int) []sent { return []sent{{id: "0", body: strings.Repeat("x", n)}} }
	if entry, err := publish(t, cfg, false, body(256<<10)); entry != "" || err != nil {
		t.Errorf("256 KiB: %s, %v", entry, err)
	}
	if _, err := publish(t, cfg, false, body(256<<10+1)); code(t, err) != "BatchRequestTooLong" {
		t.Errorf("more: %v", err)
	}
	fake.SetLimit("sqs/orders", 1000)
	if entry, err := sendMessages(t, cfg, false, body(1001)); entry != "InvalidParameterValue" || err != nil {
		t.Errorf("more than the queue takes: %s, %v", entry, err)
	}
}
