package sinks_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/sinktest"
)

// requestOf sends recs through s, and returns the headers and the body of the request. It
// omits headers that differ from request to request.
func requestOf(t *testing.T, s service, recs []engine.Record) (http.Header, string) {
	t.Helper()
	w, calls := &sinktest.Wire{Answer: "{}"}, 0
	s.open(w.Config(func(*middleware.Stack) error { calls++; return nil })).Send(t.Context(), recs)
	if w.Requests != 1 {
		t.Fatalf("%d requests were sent; want 1", w.Requests)
	}
	if calls != 1 {
		t.Errorf("%d calls were made; want 1", calls)
	}
	if w.Length != int64(len(w.Body)) {
		t.Errorf("the length is said to be %d and is %d", w.Length, len(w.Body))
	}
	header := maps.Clone(w.Header)
	for _, k := range []string{"Amz-Sdk-Invocation-Id", "X-Amz-Date", "Authorization"} {
		if header.Get(k) == "" {
			t.Errorf("the request has no header %s", k)
		}
		header.Del(k)
	}
	return header, string(w.Body)
}

// sameAsSDK asserts that the request with recs is the SDK's request.
func sameAsSDK(t *testing.T, i int, recs []engine.Record) {
	t.Helper()
	header, got := requestOf(t, services[i], recs)
	// The SDK writes the attributes of an SQS message in the order of a Go map.
	for range 1000 {
		sdkHeader, want := requestOf(t, sdkServices[i], recs)
		if diff := cmp.Diff(sdkHeader, header); diff != "" {
			t.Fatalf("%s: headers differ (-SDK +got):\n%s", services[i].name, diff)
		}
		if got == want {
			return
		}
		if !strings.HasPrefix(services[i].name, "sqs") {
			break
		}
	}
	_, want := requestOf(t, sdkServices[i], recs)
	t.Fatalf("%s: bodies differ\nSDK %s\ngot %s", services[i].name, want, got)
}

// TestSameAsSDK compares requests with the bytes that the SDK would send. If no request is
// sent after an update of the SDK, the sink's request.Form needs the SDK's new text of a
// request without records.
func TestSameAsSDK(t *testing.T) {
	odd := "<é\u2028\u2029\x7F\"\\\x00\x1F\t\r\n/\xFF\xED\xA0\x80\uFFFD\U0001F600 +&=%~*"
	records := map[string]engine.Record{
		"text":         {Key: "k", Seq: "1", Action: "PUT", Data: engine.Bytes([]byte(`{"a":"b"}`))},
		"base64":       {Key: "k", Seq: "1", Action: "PUT", Data: engine.Base64([]byte("AAEC/w=="))},
		"large base64": {Key: "k", Data: engine.Base64(bytes.Repeat([]byte("YWJj"), 1000))},
		"large":        {Key: "k", Data: engine.Bytes(bytes.Repeat([]byte("\"a\\"), 1000))},
		"no data":      {Key: "k", Seq: "1", Data: engine.Bytes(nil)},
		"no payload":   {Key: "k"},
		"no key":       {Seq: "1", Data: engine.Bytes([]byte("a"))},
		"hash key":     {Key: "k", HashKey: "170", Data: engine.Bytes([]byte("a"))},
		"odd":          {Key: odd, HashKey: odd, Seq: odd, Lane: odd, Action: odd, Data: engine.Bytes([]byte(odd))},
		"notification": notice(`"Order & <placed>"`, `{"n":{"Type":"Number","Value":"1.5"},"b":{"Type":"Binary","Value":"AAH/"}}`),
		"array":        notice("null", `{"é":{"Type":"String.Array","Value":"[\"a&\"]"}}`),
		"odd key":      {Key: "<é\u2028\x7F\"\\\t>", Action: "\x01", Data: engine.Bytes([]byte("<é\u2028\x7F\"\\\t> ~*&=+%"))},
	}
	for i, s := range services {
		for name, r := range records {
			t.Run(s.name+"/"+name, func(t *testing.T) { sameAsSDK(t, i, []engine.Record{r}) })
		}
		t.Run(s.name+"/many", func(t *testing.T) {
			recs := sinktest.Numbered(message.MaxEntries)
			for i := range recs {
				recs[i].Action = "" // one attribute, so one order
			}
			sameAsSDK(t, i, recs)
		})
	}
}

// FuzzSameAsSDK makes the same check with any record.
func FuzzSameAsSDK(f *testing.F) {
	f.Add("key", "hash", "PUT", []byte(`{"a":"é"}`))
	f.Add("\xFF", "\x00", "\u2028", []byte{0, 1, 2})
	f.Fuzz(func(t *testing.T, key, hash, action string, data []byte) {
		for i := range services {
			sameAsSDK(t, i, []engine.Record{{Key: key, HashKey: hash, Seq: "1", Action: action, Data: engine.Bytes(data)}})
		}
	})
}

// TestUnknownForm asserts that nothing is sent, and nothing acknowledged, if the SDK
// writes a request without records in an unknown way.
func TestUnknownForm(t *testing.T) {
	changed := func(stack *middleware.Stack) error {
		return stack.Serialize.Insert(middleware.SerializeMiddlewareFunc("new protocol", func(
			ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
		) (middleware.SerializeOutput, middleware.Metadata, error) {
			req, _ := in.Request.(*smithyhttp.Request)
			var err error
			in.Request, err = req.SetStream(strings.NewReader("new"))
			if err != nil {
				return middleware.SerializeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleSerialize(ctx, in)
		}), "OperationSerializer", middleware.After)
	}
	for _, s := range hostileSinks() {
		if s.name == "es" {
			continue // it does without the SDK
		}
		t.Run(s.name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: "{}"}
			sink := s.open(w.Config(changed))
			o := sink.Send(t.Context(), hostileRecords(sink))
			if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Permanent || !strings.HasSuffix(err.Error(),
				": this build has a version of the AWS SDK that writes requests in an unknown form, so nothing was sent: install a release of fanout") {
				t.Errorf("error %v", err)
			}
			if w.Requests > 0 {
				t.Errorf("%d requests were sent", w.Requests)
			}
		})
	}
}

// BenchmarkCall measures a sink with the SDK's client, up to the transport.
func BenchmarkCall(b *testing.B) {
	for _, list := range [][]service{services, sdkServices} {
		for _, s := range list {
			variant := "splice"
			if &list[0] == &sdkServices[0] {
				variant = "sdk"
			}
			b.Run(s.name+"/serializer="+variant, func(b *testing.B) {
				w := &sinktest.Sinkhole{Status: http.StatusOK}
				sink := s.open(w.Config())
				recs := make([]engine.Record, sink.Limits().Records)
				payloads := engine.NewPayloads(len(recs))
				for i := range recs {
					recs[i] = engine.Record{
						Key: fmt.Sprintf("key-%d", i), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + i), Action: "PUT",
						Data: payloads.Base64(bytes.Repeat([]byte("YWIi"), 341)),
					}
				}
				w.Answer = answerTo(s.name, len(recs))
				sinktest.BenchmarkSend(b, sink, recs)
			})
		}
	}
}

// answerTo is an answer that acknowledges n records.
func answerTo(name string, n int) string {
	one, before, between, after := "", "", ",", "]}"
	switch kind, _, _ := strings.Cut(name, "."); kind {
	case "kinesis":
		before = `{"FailedRecordCount":0,"Records":[`
		one = `{"SequenceNumber":"49543463076548007577105092703039560359975228518395019266","ShardId":"shardId-000000000000"}`
	case "firehose":
		before = `{"Encrypted":false,"FailedPutCount":0,"RequestResponses":[`
		one = `{"RecordId":"` + strings.Repeat("0123456789", 22) + `"}`
	case "sqs":
		before = `{"Failed":[],"Successful":[`
		one = `{"Id":"#","MD5OfMessageBody":"9e107d9d372bb6826bd81d3542a419d6","MessageId":"5fea7756-0ea4-451a-a703-a558b933e274"}`
	case "sns":
		before, between = "<PublishBatchResponse><PublishBatchResult><Failed/><Successful>", ""
		one = `<member><MessageId>5fea7756-0ea4-451a-a703-a558b933e274</MessageId><Id>#</Id></member>`
		after = "</Successful></PublishBatchResult></PublishBatchResponse>"
	}
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Replace(one, "#", fmt.Sprint(i), 1)
	}
	return before + strings.Join(all, between) + after
}

// TestSendAllocates asserts that the allocations of a request do not grow with its
// records: the SDK's middleware allocates, and buffers are reused.
func TestSendAllocates(t *testing.T) {
	for _, s := range services[:2] {
		allocs := func(n int) float64 {
			recs := sinktest.Numbered(n)
			for i := range recs {
				recs[i].Data.Text() // targets share the converted text
			}
			sink := s.open((&sinktest.Wire{Answer: answerTo(s.name, n)}).Config())
			return testing.AllocsPerRun(20, func() { sink.Send(t.Context(), recs) })
		}
		// A reused buffer may be collected occasionally. The test's own client keeps the
		// body, which takes more steps for a longer one.
		if one, many := allocs(1), allocs(500); many > one+100 {
			t.Errorf("%s: %.0f allocations for 1 record and %.0f for 500", s.name, one, many)
		}
	}
}
