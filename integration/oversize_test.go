//go:build integration

package integration

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// createBucket makes a bucket, without objects.
func (s services) createBucket(t *testing.T, name string) {
	t.Helper()
	must(s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}))(t)
}

// createSmallQueue makes a queue that takes messages of at most this many bytes.
func (s services) createSmallQueue(t *testing.T, name string, bytes int) {
	t.Helper()
	must(s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{"MaximumMessageSize": strconv.Itoa(bytes)},
	}))(t)
}

// keys returns the keys of the objects of a bucket.
func (s services) keys(t *testing.T, bucket string) (all []string) {
	t.Helper()
	for _, o := range must(s.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket}))(t).Contents {
		all = append(all, *o.Key)
	}
	return all
}

// fetch returns what a reference leads to, as a receiver reads it.
func (s services) fetch(t *testing.T, reference string) string {
	t.Helper()
	var ref struct {
		Version             int `json:"fanoutReference"`
		Bucket, Key, SHA256 string
		Bytes               int
	}
	if err := json.Unmarshal([]byte(reference), &ref); err != nil || ref.Version != 1 {
		t.Fatalf("%.300s is not a reference: %v", reference, err)
	}
	object := must(s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &ref.Bucket, Key: &ref.Key}))(t)
	defer func() { _ = object.Body.Close() }()
	data := must(io.ReadAll(object.Body))(t)
	if sum := sha256.Sum256(data); len(data) != ref.Bytes || hex.EncodeToString(sum[:]) != ref.SHA256 {
		t.Errorf("the object has %d bytes, and the reference says %d, or its SHA-256 is another", len(data), ref.Bytes)
	}
	return string(data)
}

// ordersFile returns the path of an event with these records of the stream orders.
func ordersFile(t *testing.T, data ...string) string {
	t.Helper()
	records := make([]string, len(data))
	for i, d := range data {
		records[i] = fmt.Sprintf(`{"eventSource":"aws:kinesis","eventVersion":"1.0","eventName":"aws:kinesis:record","awsRegion":%q,"eventSourceARN":%q,"eventID":"shardId-000000000000:%d","kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"%[3]d","approximateArrivalTimestamp":1763798400.001,"data":%q}}`,
			region, arnOf("kinesis", "stream/orders"), 4900+i, base64.StdEncoding.EncodeToString([]byte(d)))
	}
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A record that the queue refuses, and one that no queue takes, arrive as references that lead to
// their bytes. A second run writes the same objects.
func TestOversizeRecords(t *testing.T) {
	s := connect(t)
	s.createBucket(t, "claims")
	s.createSmallQueue(t, "small", 10_000)
	large, huge := strings.Repeat("\x00large\xff", 300<<10/7), strings.Repeat("huge", 2<<20/4)
	file := targetsFile(t, arnOf("kinesis", "stream/orders"), target{
		"type": "sqs", "destination": arnOf("sqs", "small"), "collapse": "none", "oversize": "s3://claims/orders", "parallel": false,
	})
	event := ordersFile(t, "first", large, huge, "last")
	for range 2 {
		fanout(t, "run", "--targets", file, "--event", event)
		got := s.messages(t, "small")
		if len(got) != 4 || got[0] != "first" || got[3] != "last" || s.fetch(t, got[1]) != large || s.fetch(t, got[2]) != huge {
			t.Fatalf("%d messages: %.300q", len(got), got)
		}
	}
	if keys := s.keys(t, "claims"); len(keys) != 2 || !strings.HasPrefix(keys[0], "orders/kinesis-orders/2025/11/22/08/shardId-000000000000-4901-") {
		t.Errorf("the objects are %q", keys)
	}
}

// An envelope that is too large for the queue of onFailure goes to the bucket, and redrive delivers
// its record. While the object is missing, the message stays in the queue.
func TestOversizeEnvelopes(t *testing.T) {
	s := connect(t)
	s.createBucket(t, "letters")
	s.createSmallQueue(t, "dead", 10_000)
	data := strings.Repeat("\x00data\xff", 50_000)
	targets := func(to string) string {
		return targetsFile(t, arnOf("kinesis", "stream/orders"),
			target{"id": "out", "type": "kinesis", "destination": to, "onFailure": "dead", "oversize": "s3://letters"},
			target{"id": "dead", "type": "sqs", "destination": arnOf("sqs", "dead"), "collapse": "none", "filter": map[string]any{"partitionKey": []string{"never"}}})
	}
	s.createStream(t, "taken", 1)
	_, stderr, err := run(t, nil, "run", "--targets", targets("nowhere"), "--event", ordersFile(t, data))
	keys := s.keys(t, "letters")
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, the objects are %q\n%s", err, keys, stderr)
	}
	stored := must(s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("letters"), Key: &keys[0]}))(t)
	envelope := must(io.ReadAll(stored.Body))(t)
	_ = stored.Body.Close()
	must(s.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("letters"), Key: &keys[0]}))(t)
	if _, stderr, err := run(t, nil, "redrive", "--targets", targets("taken"), "--queue", "dead"); err == nil ||
		!strings.Contains(stderr, "is missing") || !strings.Contains(stderr, "1 message: 0 deleted, 1 left in the queue") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	must(s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("letters"), Key: &keys[0], Body: strings.NewReader(string(envelope))}))(t)
	if _, stderr, err := run(t, nil, "redrive", "--targets", targets("taken"), "--queue", "dead"); err != nil || !strings.Contains(stderr, "1 message: 1 deleted, 0 left in the queue") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if got := s.streamData(t, "taken"); len(got["k"]) != 1 || got["k"][0] != data {
		t.Errorf("the stream has %d records", len(got["k"]))
	}
}
