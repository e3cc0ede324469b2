package awsfake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awshttp"
	"fanout/internal/testing/awsfake"
)

func start(t *testing.T) (*awsfake.Server, aws.Config) {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		fake.Close()
	})
	return fake, aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(fake.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   awshttp.Client(&http.Client{Transport: transport}),
	}
}

// code returns the error code of an API error, "" for nil.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("not an API error: %v", err)
	}
	return api.ErrorCode()
}

const (
	stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	queue  = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
	topic  = "arn:aws:sns:eu-west-1:123456789012:orders"
)

func putRecords(t *testing.T, cfg aws.Config, entries ...kinesistypes.PutRecordsRequestEntry) (*kinesis.PutRecordsOutput, error) {
	t.Helper()
	return kinesis.NewFromConfig(cfg).PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamARN: aws.String(stream), Records: entries})
}

func record(key string, size int) kinesistypes.PutRecordsRequestEntry {
	return kinesistypes.PutRecordsRequestEntry{PartitionKey: &key, Data: bytes.Repeat([]byte("x"), size)}
}

func TestKinesis(t *testing.T) {
	fake, cfg := start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Refuse: map[int]string{1: "ProvisionedThroughputExceededException"}}
	})
	high, low := record("k", 3), record("k", 4)
	high.ExplicitHashKey, low.ExplicitHashKey = aws.String("340282366920938463463374607431768211455"), aws.String("0")
	out, err := putRecords(t, cfg, high, record("refused", 1), low)
	if err != nil {
		t.Fatal(err)
	}
	if *out.FailedRecordCount != 1 || aws.ToString(out.Records[1].ErrorCode) != "ProvisionedThroughputExceededException" || out.Records[2].SequenceNumber == nil {
		t.Errorf("answered %+v", out)
	}
	if a, b := *out.Records[0].ShardId, *out.Records[2].ShardId; a != "shardId-000000000001" || b != "shardId-000000000000" {
		t.Errorf("shards %s and %s", a, b)
	}
	want := []awsfake.Record{
		{Data: []byte("xxx"), PartitionKey: "k", HashKey: *high.ExplicitHashKey},
		{Data: []byte("xxxx"), PartitionKey: "k", HashKey: "0"},
	}
	if diff := cmp.Diff(want, fake.Records("kinesis/orders")); diff != "" {
		t.Errorf("records differ (-want +got):\n%s", diff)
	}
	calls := fake.Calls()
	if len(calls) != 1 || calls[0].Bytes == 0 {
		t.Fatalf("calls %+v", calls)
	}
	calls[0].Bytes = 0
	if diff := cmp.Diff(awsfake.Call{
		N: 1, Service: "kinesis", Operation: "PutRecords", Destination: "orders", Region: "eu-west-1", AccessKey: "AKIAMADEUP", Records: 3,
	}, calls[0]); diff != "" {
		t.Errorf("the call differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kinesis/orders"}, fake.Destinations()); diff != "" {
		t.Errorf("destinations differ (-want +got):\n%s", diff)
	}
}

func TestKinesisLimits(t *testing.T) {
	hash := func(s string) kinesistypes.PutRecordsRequestEntry {
		r := record("k", 1)
		r.ExplicitHashKey = &s
		return r
	}
	many := func(n, size int) []kinesistypes.PutRecordsRequestEntry {
		recs := make([]kinesistypes.PutRecordsRequestEntry, n)
		for i := range recs {
			recs[i] = record("k", size)
		}
		return recs
	}
	tests := []struct {
		name    string
		records []kinesistypes.PutRecordsRequestEntry
		want    string
	}{
		{"most records", many(500, 1), ""},
		{"too many records", many(501, 1), "ValidationException"},
		{"none", many(0, 0), "ValidationException"},
		{"largest record", many(1, 1<<20-1), ""},
		{"record too large", many(1, 1<<20), "ValidationException"},
		{"largest request", many(10, 1<<20-1), ""},
		{"request too large", append(many(10, 1<<20-1), record("k", 0)), "InvalidArgumentException"},
		{"no key", []kinesistypes.PutRecordsRequestEntry{record("", 1)}, "ValidationException"},
		{"longest key", []kinesistypes.PutRecordsRequestEntry{record(strings.Repeat("é", 256), 1)}, ""},
		{"key too long", []kinesistypes.PutRecordsRequestEntry{record(strings.Repeat("é", 257), 1)}, "ValidationException"},
		{"bad hash key", []kinesistypes.PutRecordsRequestEntry{hash("0x1")}, "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			_, err := putRecords(t, cfg, tt.records...)
			if got := code(t, err); got != tt.want {
				t.Errorf("error %q; want %q", got, tt.want)
			}
			if n := len(fake.Records("kinesis/orders")); tt.want == "" && n != len(tt.records) || tt.want != "" && n != 0 {
				t.Errorf("%d records were taken", n)
			}
		})
	}
	fake, cfg := start(t)
	fake.SetLimit("kinesis/orders", 10<<20)
	if _, err := putRecords(t, cfg, record("k", 10<<20-1)); err != nil {
		t.Errorf("a stream with larger records: %v", err)
	}
	if _, err := kinesis.NewFromConfig(cfg).PutRecords(t.Context(), &kinesis.PutRecordsInput{Records: many(1, 1)}); code(t, err) != "InvalidArgumentException" {
		t.Errorf("no stream: %v", err)
	}
}

func TestFirehose(t *testing.T) {
	many := func(n, size int) []firehosetypes.Record {
		recs := make([]firehosetypes.Record, n)
		for i := range recs {
			recs[i].Data = bytes.Repeat([]byte("x"), size)
		}
		return recs
	}
	tests := []struct {
		name    string
		records []firehosetypes.Record
		refuse  map[int]string
		want    string
		failed  int32
	}{
		{"some refused", many(3, 1), map[int]string{0: "ServiceUnavailableException", 2: "InternalFailure"}, "", 2},
		{"most records", many(500, 1), nil, "", 0},
		{"too many records", many(501, 1), nil, "ValidationException", 0},
		{"largest record", many(1, 1000<<10), nil, "", 0},
		{"record too large", many(1, 1000<<10+1), nil, "ValidationException", 0},
		{"largest request", many(8, 1<<19), nil, "", 0},
		{"request too large", append(many(8, 1<<19), many(1, 1)...), nil, "InvalidArgumentException", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Refuse: tt.refuse} })
			out, err := firehose.NewFromConfig(cfg).PutRecordBatch(t.Context(), &firehose.PutRecordBatchInput{
				DeliveryStreamName: aws.String("logs"), Records: tt.records,
			})
			if got := code(t, err); got != tt.want {
				t.Fatalf("error %q; want %q", got, tt.want)
			}
			if err != nil {
				return
			}
			if *out.FailedPutCount != tt.failed || len(out.RequestResponses) != len(tt.records) {
				t.Errorf("%d of %d failed; want %d", *out.FailedPutCount, len(out.RequestResponses), tt.failed)
			}
			if n := len(fake.Records("firehose/logs")); n != len(tt.records)-int(tt.failed) {
				t.Errorf("%d records were taken", n)
			}
		})
	}
}

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

func TestDynamoDB(t *testing.T) {
	fake, cfg := start(t)
	fake.PageSize = 2
	s := func(v string) map[string]any { return map[string]any{"S": v} }
	items := []awsfake.Item{{"arn": s("other"), "id": s("x")}}
	for i := range 5 {
		items = append(items, awsfake.Item{"arn": s("mine"), "id": s(fmt.Sprint(i)), "on": {"BOOL": true}, "n": {"N": "1"}})
	}
	fake.SetTable("targets", "arn", "id", items...)
	in := &dynamodb.QueryInput{
		TableName:                 aws.String("arn:aws:dynamodb:eu-west-1:123456789012:table/targets"),
		KeyConditionExpression:    aws.String("#a = :a"),
		ExpressionAttributeNames:  map[string]string{"#a": "arn"},
		ExpressionAttributeValues: map[string]ddbtypes.AttributeValue{":a": &ddbtypes.AttributeValueMemberS{Value: "mine"}},
	}
	client := dynamodb.NewFromConfig(cfg)
	var got []string
	for pages := dynamodb.NewQueryPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if !item["on"].(*ddbtypes.AttributeValueMemberBOOL).Value {
				t.Errorf("item %v", item)
			}
			got = append(got, item["id"].(*ddbtypes.AttributeValueMemberS).Value)
		}
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, got); diff != "" {
		t.Errorf("items differ (-want +got):\n%s", diff)
	}
	if n := len(fake.Calls()); n != 3 {
		t.Errorf("%d calls; want 3", n)
	}

	tests := []struct {
		name   string
		change func(*dynamodb.QueryInput)
		want   string
	}{
		{"unknown table", func(in *dynamodb.QueryInput) { in.TableName = aws.String("nothing") }, "ResourceNotFoundException"},
		{"another key", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("id = :a") }, "ValidationException"},
		{"no value", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("#a = :b") }, "ValidationException"},
		{"two keys", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("#a = :a AND id = :a") }, "ValidationException"},
		{"a filter", func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("on = :a") }, "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := *in
			tt.change(&bad)
			_, err := client.Query(t.Context(), &bad)
			if got := code(t, err); got != tt.want {
				t.Errorf("error %q; want %q", got, tt.want)
			}
		})
	}
}

// TestAssumeRole asserts that calls with a role's credentials are recognizable.
func TestAssumeRole(t *testing.T) {
	fake, cfg := start(t)
	const role = "arn:aws:iam::123456789012:role/writer"
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.ExternalID = aws.String("tenant-1")
	}))
	if _, err := putRecords(t, assumed, record("k", 1)); err != nil {
		t.Fatal(err)
	}
	calls := fake.Calls()
	if len(calls) != 2 {
		t.Fatalf("calls %+v", calls)
	}
	if c := calls[0]; c.Service != "sts" || c.Operation != "AssumeRole" || c.Destination != role || c.ExternalID != "tenant-1" {
		t.Errorf("call %+v", c)
	}
	if got, want := calls[1].AccessKey, awsfake.AccessKey(role, "tenant-1"); got != want {
		t.Errorf("access key %q; want %q", got, want)
	}
	_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("writer"), RoleSessionName: aws.String("s"),
	})
	if got := code(t, err); got != "ValidationError" {
		t.Errorf("error %q", got)
	}
}

func TestFaults(t *testing.T) {
	fake, cfg := start(t)
	tests := []struct {
		name  string
		fault awsfake.Fault
		check func(*testing.T, error)
		taken int
	}{
		{"error", awsfake.Fault{Code: "InternalFailure", Status: 500, Message: "m", RetryAfter: 3 * time.Second}, func(t *testing.T, err error) {
			r, ok := errors.AsType[*smithyhttp.ResponseError](err)
			if code(t, err) != "InternalFailure" || !ok || r.HTTPStatusCode() != 500 || r.Response.Header.Get("Retry-After") != "3" {
				t.Error(err)
			}
		}, 0},
		{"drop", awsfake.Fault{Drop: true}, broken, 0},
		{"after", awsfake.Fault{After: true}, broken, 1},
		{"body", awsfake.Fault{Body: []byte("{")}, func(t *testing.T, err error) {
			if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok {
				t.Error(err)
			}
		}, 0},
		{"delay", awsfake.Fault{Delay: time.Nanosecond}, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(fake.Records("kinesis/orders"))
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &tt.fault })
			_, err := putRecords(t, cfg, record("k", 1))
			tt.check(t, err)
			if n := len(fake.Records("kinesis/orders")) - before; n != tt.taken {
				t.Errorf("%d records were taken; want %d", n, tt.taken)
			}
		})
	}
}

func broken(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); !ok {
		t.Errorf("not a broken connection: %v", err)
	}
}

// TestPeak holds calls until all have arrived.
func TestPeak(t *testing.T) {
	fake, cfg := start(t)
	const n = 5
	var arrived sync.WaitGroup
	arrived.Add(n)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		arrived.Done()
		arrived.Wait()
		return nil
	})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := putRecords(t, cfg, record("k", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := fake.Peak(); got != n {
		t.Errorf("peak %d; want %d", got, n)
	}
}

// TestDelays asserts that neither a canceled call nor Close waits for a delay.
func TestDelays(t *testing.T) {
	fake, cfg := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		cancel()
		return &awsfake.Fault{Delay: time.Hour}
	})
	client := kinesis.NewFromConfig(cfg)
	in := &kinesis.PutRecordsInput{StreamName: aws.String("orders"), Records: []kinesistypes.PutRecordsRequestEntry{record("k", 1)}}
	if _, err := client.PutRecords(ctx, in); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	other, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	other.OnCall(func(awsfake.Call) *awsfake.Fault {
		close(held)
		return &awsfake.Fault{Delay: time.Hour}
	})
	cfg.BaseEndpoint = aws.String(other.URL())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := putRecords(t, cfg, record("k", 1)); err == nil {
			t.Error("the call went through")
		}
	})
	<-held
	other.Close()
	wg.Wait()
}

func TestStrangers(t *testing.T) {
	fake, cfg := start(t)
	cfg.Credentials = aws.AnonymousCredentials{}
	_, err := putRecords(t, cfg, record("k", 1))
	if got := code(t, err); got != "MissingAuthenticationToken" {
		t.Errorf("an unsigned call: %q", got)
	}
	_, cfg2 := start(t)
	_, err = kinesis.NewFromConfig(cfg2).ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	if got := code(t, err); got != "UnknownOperationException" {
		t.Errorf("an operation that is not here: %q", got)
	}
	if n := len(fake.Destinations()); n != 0 {
		t.Errorf("%d destinations", n)
	}
	for target, body := range map[string]string{
		"Kinesis_20131202.PutRecords":      "{",
		"Firehose_20150804.PutRecordBatch": "{",
		"AmazonSQS.SendMessageBatch":       "{",
		"DynamoDB_20120810.Query":          "{",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fake.URL(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", target)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261122/eu-west-1/any/aws4_request, SignedHeaders=host")
		resp, err := cfg.HTTPClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", target, resp.StatusCode)
		}
	}
}

// TestQueue asserts that a received message is hidden for a time, that in a FIFO queue a
// hidden message blocks later messages of its group, and that a deleted message does not
// return.
func TestQueue(t *testing.T) {
	fake, cfg := start(t)
	client := sqs.NewFromConfig(cfg)
	found, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q.fifo")})
	if err != nil {
		t.Fatal(err)
	}
	for i, group := range []string{"a", "a", "b"} {
		fake.Put("sqs/q.fifo", awsfake.Record{Data: fmt.Append(nil, i), GroupID: group, DeduplicationID: fmt.Sprint(i)})
	}
	receive := func(most int32) (bodies string, receipts []string) {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: found.QueueUrl, MaxNumberOfMessages: most, VisibilityTimeout: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			bodies += *m.Body
			receipts = append(receipts, *m.ReceiptHandle)
		}
		return bodies, receipts
	}
	got, first := receive(1)
	rest, _ := receive(10)
	if got != "0" || rest != "2" {
		t.Errorf("received %q and then %q", got, rest)
	}
	change := func(receipt string) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
		return client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{
			QueueUrl: found.QueueUrl, Entries: []sqstypes.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("x"), ReceiptHandle: &receipt, VisibilityTimeout: 0}},
		})
	}
	if out, err := change(first[0]); err != nil || len(out.Successful) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	got, again := receive(1)
	remove := func(receipt string) *sqs.DeleteMessageBatchOutput {
		out, err := client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{
			QueueUrl: found.QueueUrl, Entries: []sqstypes.DeleteMessageBatchRequestEntry{{Id: aws.String("x"), ReceiptHandle: &receipt}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := remove(first[0]); got != "0" || len(out.Failed) != 1 || *out.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("an old receipt handle deletes %q: %+v", got, out)
	}
	if out := remove(again[0]); len(out.Successful) != 1 || len(fake.Waiting("sqs/q.fifo")) != 2 {
		t.Errorf("deleting: %+v", out)
	}
	if got, _ := receive(10); got != "1" {
		t.Errorf("received %q behind what was deleted", got)
	}
	fake.Reveal("sqs/q.fifo")
	if got, _ := receive(10); got != "12" {
		t.Errorf("received %q when all is visible", got)
	}
	if _, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: found.QueueUrl, MaxNumberOfMessages: 11}); code(t, err) != "InvalidParameterValue" {
		t.Errorf("11 messages: %v", err)
	}
	if _, err := client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: found.QueueUrl, Entries: make([]sqstypes.DeleteMessageBatchRequestEntry, 0)}); err == nil {
		t.Error("a batch of nothing is taken")
	}
}
