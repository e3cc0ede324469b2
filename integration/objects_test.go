//go:build integration

package integration

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// object is an object of a bucket.
type object struct{ contentType, data string }

// objects returns the objects of a bucket by key.
func (s services) objects(t *testing.T, bucket string) map[string]object {
	t.Helper()
	all := map[string]object{}
	for _, key := range s.keys(t, bucket) {
		out := must(s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key}))(t)
		data := must(io.ReadAll(out.Body))(t)
		_ = out.Body.Close()
		all[key] = object{aws.ToString(out.ContentType), string(data)}
	}
	return all
}

// TestObjects delivers to a bucket, plain and compressed. Its objects have every record as a line, in
// order. The same event again writes the same objects: the same keys, the same bytes, and none more.
func TestObjects(t *testing.T) {
	s := connect(t)
	source := arnOf("kinesis", "stream/orders")
	event := ordersFile(t, `{"n": 1}`, " {\n\"n\": 2}\n", "text ü\n", "\xFF\x00", `[5]`)
	lines := []string{`{"n": 1}`, `{ "n": 2}`, `"text ü\n"`, `{"$base64":"/wA="}`, `[5]`}
	for format, c := range map[string]struct {
		contentType, suffix string
		open                func(io.Reader) (io.Reader, error)
	}{
		"none": {"application/x-ndjson", ".jsonl", func(r io.Reader) (io.Reader, error) { return r, nil }},
		"gzip": {"application/gzip", ".jsonl.gz", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		"zstd": {"application/zstd", ".jsonl.zst", func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) }},
	} {
		t.Run(format, func(t *testing.T) {
			bucket := "lake-" + format
			s.createBucket(t, bucket)
			file := targetsFile(t, source, target{"type": "s3", "destination": "s3://" + bucket + "/orders", "compress": format, "batchRecords": 3})
			fanout(t, "run", "--targets", file, "--event", event)
			first := s.objects(t, bucket)
			var got string
			for _, key := range s.keys(t, bucket) { // by first sequence number
				if !strings.HasPrefix(key, "orders/kinesis-orders/2025/11/22/08/shardId-000000000000-490") || !strings.HasSuffix(key, c.suffix) || first[key].contentType != c.contentType {
					t.Errorf("the object %s has type %s", key, first[key].contentType)
				}
				got += string(must(io.ReadAll(must(c.open(bytes.NewReader([]byte(first[key].data))))(t)))(t))
			}
			if diff := cmp.Diff(strings.Join(lines, "\n")+"\n", got); diff != "" || len(first) != 2 {
				t.Errorf("%d objects; want 2. Lines (-want +got):\n%s", len(first), diff)
			}
			fanout(t, "run", "--targets", file, "--event", event)
			if again := s.objects(t, bucket); !cmp.Equal(first, again, cmp.AllowUnexported(object{})) {
				t.Errorf("the objects differ after the same event: %d, and then %d", len(first), len(again))
			}
		})
	}
}
