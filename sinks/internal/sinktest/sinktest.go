// Package sinktest is shared by tests of sinks: a fake AWS, records, and HTTP clients
// that answer.
package sinktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/internal/testing/awsfake"
)

// The tests deliver to these services and destinations.
const (
	Stream    = "orders"
	StreamARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	QueueURL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
	TopicARN  = "arn:aws:sns:eu-west-1:123456789012:orders"
	Bus       = "orders"
	Machine   = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"
)

// Start returns a fake AWS and a configuration for its clients.
func Start(t testing.TB) (*awsfake.Server, aws.Config) {
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

// Awkward returns records of all kinds that sinks treat differently.
func Awkward(n int) engine.Record {
	data := fmt.Appendf(nil, "record %d", n)
	switch n % 3 {
	case 1:
		data = fmt.Appendf(nil, "\x00\xFF binary %d", n)
	case 2:
		data = fmt.Appendf(nil, "<ünïcode> & \"quotes\" \n %d \U0001F600", n)
	}
	return engine.Record{
		Key: fmt.Sprintf("key %d", n), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + n), Action: "PUT",
		Data: engine.Bytes(data),
	}
}

// DataOf returns the original data of the records, before encoding.
func DataOf(t *testing.T, recs []awsfake.Record) [][]byte {
	t.Helper()
	var all [][]byte
	for _, r := range recs {
		data := r.Data
		if r.Attributes["encoding"].Value == "base64" {
			decoded, err := base64.StdEncoding.DecodeString(string(data))
			if err != nil {
				t.Fatalf("the attribute says base64, and the body is %q: %v", data, err)
			}
			data = decoded
		}
		if r.DetailType != "" || r.Name != "" {
			data = unwrapped(t, data)
		}
		all = append(all, data)
	}
	return all
}

// unwrapped returns the data in a JSON document; other documents are the data themselves.
func unwrapped(t *testing.T, text []byte) []byte {
	t.Helper()
	var in struct {
		Data     *string `json:"data"`
		Encoding string  `json:"encoding"`
	}
	switch err := json.Unmarshal(text, &in); {
	case err != nil:
		t.Fatalf("%q is no document: %v", text, err)
	case in.Data == nil:
		return text
	}
	if in.Encoding == "" {
		return []byte(*in.Data)
	}
	data, err := base64.StdEncoding.DecodeString(*in.Data)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Failures returns the class of every record's error, "" for delivered records.
func Failures(o engine.Outcome, n int) []string {
	classes := make([]string, n)
	for i := range classes {
		if err := o.Err(i); err != nil {
			classes[i] = engine.ClassOf(err).String()
		}
	}
	return classes
}

// Numbered returns n records, each with its own key and text.
func Numbered(n int) []engine.Record {
	recs := make([]engine.Record, n)
	for i := range recs {
		recs[i] = engine.Record{
			Key: fmt.Sprintf("key-%d", i), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + i), Action: "PUT",
			Data: engine.Bytes(fmt.Appendf(nil, `{"n":%d}`, i)),
		}
	}
	return recs
}

// Fill returns n records with a counted size of size bytes each at sink.
func Fill(sink engine.Sink, n, size int) []engine.Record {
	recs := Numbered(n)
	for i := range recs {
		r := &recs[i]
		r.Data = engine.Bytes(bytes.Repeat([]byte("x"), size))
		frame := engine.SizerOf(sink)(r) - size
		r.Data = engine.Bytes(bytes.Repeat([]byte("x"), size-frame))
	}
	return recs
}

// BenchmarkSend measures the cost that a sink adds to its client.
func BenchmarkSend(b *testing.B, s engine.Sink, recs []engine.Record) {
	b.ReportAllocs()
	for b.Loop() {
		if o := s.Send(b.Context(), recs); !o.OK() {
			b.Fatal(o.Err(0))
		}
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
}

// Do is an aws.HTTPClient.
type Do func(*http.Request) (*http.Response, error)

func (f Do) Do(r *http.Request) (*http.Response, error) { return f(r) }

// Entry is an entry of an answer of SQS or SNS.
type Entry struct {
	ID     string
	Code   string // "": accepted
	Sender bool
}

// Answers are answers to three messages, for both services.
var Answers = []struct {
	Name string
	Out  []Entry
	Want []string
}{
	{"all taken, in another order", []Entry{{ID: "2"}, {ID: "0"}, {ID: "1"}}, []string{"", "", ""}},
	{"failing", []Entry{{ID: "0"}, {"1", "InternalError", false}, {ID: "2"}}, []string{"", "retryable", ""}},
	{"throttled, the sender's fault", []Entry{{ID: "0"}, {"1", "RequestThrottled", true}, {ID: "2"}}, []string{"", "throttled", ""}},
	{"the sender's fault", []Entry{{ID: "0"}, {"1", "InvalidMessageContents", true}, {ID: "2"}}, []string{"", "permanent", ""}},
	{"the sender's fault, unknown", []Entry{{ID: "0"}, {"1", "Whatever", true}, {ID: "2"}}, []string{"", "permanent", ""}},
	{"unknown", []Entry{{ID: "0"}, {"1", "Whatever", false}, {ID: "2"}}, []string{"", "retryable", ""}},
	{"old names", []Entry{{ID: "0"}, {"1", "AWS.SimpleQueueService.NonExistentQueue", true}, {ID: "2"}}, []string{"", "permanent", ""}},
	{"not acknowledged", []Entry{{ID: "0"}, {ID: "2"}}, []string{"", "retryable", ""}},
	{"nothing", nil, []string{"retryable", "retryable", "retryable"}},
	{"taken and refused", []Entry{{ID: "0"}, {ID: "1"}, {ID: "2"}, {"1", "InternalError", false}}, []string{"", "retryable", ""}},
	{"ids that were not sent", []Entry{{ID: "0"}, {ID: "1"}, {ID: "3"}, {ID: "-1"}, {ID: "x"}, {ID: ""}, {"7", "InternalError", false}},
		[]string{"", "", "retryable"}},
	{"ids like those that were sent", []Entry{{ID: "+0"}, {ID: "01"}, {ID: "000"}, {ID: " 1"}, {ID: "-0"}, {ID: "2 "}, {ID: "0x2"}, {ID: "1_"}},
		[]string{"retryable", "retryable", "retryable"}},
	{"a refusal with an id like one that was sent", []Entry{{ID: "0"}, {ID: "1"}, {ID: "2"}, {"01", "InternalError", false}}, []string{"", "", ""}},
}

// Optional returns nil for "", like a missing field.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// CheckCodes asserts that a service's error codes have the given classes, and that
// messages with data do not appear in the errors.
func CheckCodes(t *testing.T, open func(*testing.T) (*awsfake.Server, engine.Sink), codes map[string]engine.Class) {
	t.Helper()
	for code, want := range codes {
		t.Run(code, func(t *testing.T) {
			fake, sink := open(t)
			fault := &awsfake.Fault{Code: code, Status: codeStatus[code]}
			if want != engine.Permanent {
				fault.Message = "secret"
			}
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return fault })
			o := sink.Send(t.Context(), []engine.Record{SourceRecord(0)})
			err := o.Err(0)
			if err == nil || engine.ClassOf(err) != want || !strings.Contains(err.Error(), code) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v; want one of class %v", err, want)
			}
		})
	}
}

// SourceRecord returns the decoded form of sourceRaw.
func SourceRecord(n int) engine.Record {
	key, data := fmt.Sprintf("key-%d", n), fmt.Sprintf(`{"n":%d}`, n)
	return engine.Record{
		Key: key, Lane: "shardId-000000000006", Seq: "4900", Action: "PUT", Raw: SourceRaw(key, data),
		Data: engine.Base64([]byte(base64.StdEncoding.EncodeToString([]byte(data)))),
	}
}

// AckSeeds are answers to two records, and whether the scanner knows their form.
var AckSeeds = []struct {
	Answer string
	Known  bool
}{
	{`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"s"}]}`, true},
	{` { "EncryptionType" : "KMS" , "Records" : [ { "ShardId" : "s" , "SequenceNumber" : "1" } , {"SequenceNumber":"2"} ] , "FailedRecordCount" : 0 } `, true},
	{`{"Records":[{"SequenceNumber":"1","ErrorCode":null},{"SequenceNumber":"2","ErrorMessage":null}],"FailedRecordCount":null}`, true},
	{`{"Encrypted":true,"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`, true},
	{`{"Encrypted":false,"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure","ErrorMessage":"why"}],"FailedRecordCount":1}`, true},
	{`{"Records":[{"ErrorMessage":"why","ErrorCode":"InternalFailure"},{"SequenceNumber":"1"}],"FailedRecordCount":1}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","ErrorCode":"InternalFailure"}]}`, true},
	{`{"Records":[{"ErrorCode":"InternalFailure"},{"ErrorCode":"ProvisionedThroughputExceededException"}],"FailedRecordCount":2}`, true},
	{`{"FailedPutCount":2,"RequestResponses":[{"ErrorCode":"ServiceUnavailableException"},{"ErrorCode":"ServiceUnavailableException"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"","ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":null,"ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"a","ErrorCode":"b"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"a","ErrorMessage":"the \"why\""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":500}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":null}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","SequenceNumber":""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":2}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","ShardId":0}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},null]}`, false},
	{`{"Records":[{"SequenceNumber":"1"} {"SequenceNumber":"2"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber" "2"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}}`, false},
	{`{"Records":[{"SequenceNumber":"1"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"},{"SequenceNumber":"3"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"tt"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"\"","ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"12","ShardId":"s"},{"SequenceNumber":"","ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ErrorCo":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"12345678"},{"SequenceNumber":"1","ShardId":"12","Err":1"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"12345678"},{"SequenceNumber":"1","ShardId":"12345678"`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}],"Records":[]}`, false},
	{`{"Records":null}`, false},
	{`{"FailedRecordCount":"0\n,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":1,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1","SequenceNumber":null},{"SequenceNumber":"2"}]}`, false},
	{`{"Records":[{"SequenceNumber":null,"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":01,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":-1,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":1.0,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":9999999999,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"New":{},"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"\u0052ecords":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{Records:[]}`, false},
	{`{}`, false},
	{`[]`, false},
	{``, false},
	{`null`, false},
}

// SourceRaw returns a Kinesis source record.
func SourceRaw(key, data string) []byte {
	return fmt.Appendf(nil, `{"kinesis": {"kinesisSchemaVersion":"1.0","partitionKey":%q,"sequenceNumber":"4900", "data":%q,`+
		`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventID":"shardId-000000000006:4900","awsRegion":"eu-west-1"}`,
		key, base64.StdEncoding.EncodeToString([]byte(data)))
}

// UserOf returns a user record of r, as if r were an aggregate that holds it.
func UserOf(r engine.Record, sub int, key, hashKey, data string) engine.Record {
	r = WithSource(r, engine.Bytes([]byte(data)))
	r.Key, r.HashKey, r.Sub = key, hashKey, sub
	return r
}

// WithSource returns r with other data and the same source record, as a stage leaves it
// that declares it.
func WithSource(r engine.Record, data engine.Payload) engine.Record {
	raw := r.Raw
	r = r.With(data)
	r.Raw = raw
	return r
}

// codeStatus is the HTTP status of an error code, if it is not 400.
var codeStatus = map[string]int{
	"ServiceUnavailableException": 503,
	"InternalFailureException":    500,
	"ServiceException":            500,
	"EC2ThrottledException":       502,
	"ResourceNotReadyException":   502,
	"UnauthorizedException":       401,
	"ForbiddenException":          403,
	"AccessDeniedException":       403,
	"ResourceNotFoundException":   404,
	"MethodNotAllowedException":   405,
	"TooManyRequestsException":    429,
}
