package sinks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/sinktest"
	"fanout/sinks/iot"
	lambdasink "fanout/sinks/lambda"
	s3sink "fanout/sinks/s3"
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
	for _, k := range []string{"X-Amz-Date", "Authorization", "User-Agent"} {
		if header.Get(k) == "" {
			t.Errorf("the request has no header %s", k)
		}
		header.Del(k)
	}
	for _, k := range []string{"Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"} { // of the SDK's retries
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

// TestSameAsSDK compares requests with the bytes that the SDK would send.
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

// TestLambdaSameAsSDK compares requests with the bytes that the SDK would send.
func TestLambdaSameAsSDK(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	changed := sinktest.WithSource(sinktest.SourceRecord(2), engine.Bytes(bytes.Repeat([]byte("a"), 1000)))
	recs := []engine.Record{sinktest.SourceRecord(1), changed, sinktest.UserOf(sinktest.SourceRecord(3), 1, "k", "1", "x")}
	for _, form := range []lambdasink.Form{lambdasink.SourceRecords, lambdasink.KinesisRecords} {
		for n := 1; n <= len(recs); n++ {
			header, event := requestOf(t, service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				return lambdasink.New(c, function, "live", form)
			}}, recs[:n])
			var in struct {
				Records []struct{ Kinesis struct{ Data string } }
			}
			if err := json.Unmarshal([]byte(event), &in); err != nil || len(in.Records) != n {
				t.Errorf("%d records are in the event %s: %v", len(in.Records), event, err)
			}
			wantHeader, want := requestOf(t, service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				return sdkSink{nil, func(ctx context.Context, _ []engine.Record) engine.Outcome {
					_, err := lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{
						FunctionName: aws.String(function), Qualifier: aws.String("live"), InvocationType: types.InvocationTypeEvent, Payload: []byte(event),
					})
					return engine.Failed(err)
				}}
			}}, recs[:n])
			if diff := cmp.Diff(wantHeader, header); diff != "" || event != want {
				t.Errorf("%d records, headers (-SDK +got):\n%s\nSDK %s\ngot %s", n, diff, want, event)
			}
		}
	}
}

// TestIoTSameAsSDK makes the same comparison.
func TestIoTSameAsSDK(t *testing.T) {
	for _, data := range []string{"", "a", "message", strings.Repeat("x", 1000)} {
		recs := []engine.Record{{Key: "k", Data: engine.Bytes([]byte(data))}}
		header, body := requestOf(t, service{"iot", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return iot.New(c, "", "a/b c")
		}}, recs)
		wantHeader, want := requestOf(t, service{"iot", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return sdkSink{nil, func(ctx context.Context, _ []engine.Record) engine.Outcome {
				_, err := iotdataplane.NewFromConfig(c).Publish(ctx, &iotdataplane.PublishInput{Topic: aws.String("a/b c"), Payload: []byte(data)})
				return engine.Failed(err)
			}}
		}}, recs)
		if diff := cmp.Diff(wantHeader, header); diff != "" || body != want || body != data {
			t.Errorf("headers (-SDK +got):\n%s\nSDK %q\ngot %q\nwant %q", diff, want, body, data)
		}
	}
}

// TestS3SameAsSDK makes the same comparison. Three things differ by design. The SDK's default adds a CRC-32; the
// sink has none, because S3 verifies the SHA-256 that is signed. The SDK signs the SHA-256 of the object only for
// plain HTTP, as here; the sink always does. Accept-Encoding and x-id say nothing about the object.
func TestS3SameAsSDK(t *testing.T) {
	odd := engine.Record{Key: "k", Lane: "shardId-0", Seq: "49", Arrived: 1763798400001, Data: engine.Bytes([]byte("\xFF\x00<é>"))}
	large := odd.With(engine.Bytes(bytes.Repeat([]byte("a"), 1<<20)))
	for _, recs := range [][]engine.Record{sinktest.Numbered(1), sinktest.Numbered(1000), {odd}, {large}} {
		for format, contentType := range map[string]string{"": "application/x-ndjson", "gzip": "application/gzip", "zstd": "application/zstd"} {
			var own, sdk *sinktest.Wire
			header, object := requestOf(t, service{"s3", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				own, _ = c.HTTPClient.(*sinktest.Wire)
				c.BaseEndpoint = aws.String("http://minio")
				return s3Sink(c, s3sink.Options{Bucket: "lake", Prefix: "a b+c&d=e/é~%2F", Source: "orders", Compress: format})
			}}, recs)
			key := strings.TrimPrefix(own.URL.Path, "/lake/")
			wantHeader, want := requestOf(t, service{"s3", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				sdk, _ = c.HTTPClient.(*sinktest.Wire)
				c.BaseEndpoint, c.RequestChecksumCalculation = aws.String("http://minio"), aws.RequestChecksumCalculationWhenRequired
				client := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
				return sdkSink{nil, func(ctx context.Context, _ []engine.Record) engine.Outcome {
					_, err := client.PutObject(ctx, &s3.PutObjectInput{
						Bucket: aws.String("lake"), Key: &key, ContentType: &contentType, Body: strings.NewReader(object),
					})
					return engine.Failed(err)
				}}
			}}, recs)
			wantHeader.Del("Accept-Encoding")
			if diff := cmp.Diff(wantHeader, header); diff != "" {
				t.Errorf("%s: headers differ (-SDK +got):\n%s", key, diff)
			}
			if path := sdk.URL.EscapedPath(); own.URL.EscapedPath() != path || own.URL.Host != sdk.URL.Host || own.URL.RawQuery != "" || object != want {
				t.Errorf("SDK %s %.300q\ngot %s %.300q", sdk.URL, want, own.URL, object)
			}
		}
	}
}

// s3Sink opens a sink for a bucket, whose options must be right.
func s3Sink(c aws.Config, o s3sink.Options) engine.Sink {
	s, err := s3sink.New(c, o)
	if err != nil {
		panic(err)
	}
	return s
}
