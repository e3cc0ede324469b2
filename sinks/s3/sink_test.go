package s3

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const source = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"

func opened(t testing.TB, cfg aws.Config, o Options) *Sink {
	t.Helper()
	o.Bucket, o.Source, o.Target = "lake", source, "archive"
	s, err := New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dataOf returns the data of the lines of objects.
func dataOf(t *testing.T, objects []awsfake.Record) (all [][]byte) {
	t.Helper()
	for _, o := range objects {
		for line := range bytes.Lines(o.Data) {
			var text string
			var binary struct {
				Data *[]byte `json:"$base64"`
			}
			switch {
			case json.Unmarshal(line, &text) == nil:
				all = append(all, []byte(text))
			case json.Unmarshal(line, &binary) == nil && binary.Data != nil:
				all = append(all, *binary.Data)
			case json.Valid(line):
				all = append(all, bytes.TrimSuffix(line, []byte("\n")))
			default:
				t.Errorf("the line %q is not JSON", line)
			}
		}
	}
	return all
}

func TestConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		fake, cfg := sinktest.Start(t)
		var next atomic.Pointer[awsfake.Fault]
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
		return enginetest.SinkHarness{
			Sink:     opened(t, cfg, Options{}),
			Accepted: func() [][]byte { return dataOf(t, fake.Records("s3/lake")) },
			Break:    func() { next.Store(&awsfake.Fault{Drop: true}) },
			Record:   sinktest.Awkward,
		}
	})
}

func TestKeys(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	recs := sinktest.Numbered(3)
	recs[0].Arrived = 1763798400001 // 2025-11-22T08:00:00.001Z
	for _, prefix := range []string{"", "orders/", "/a b/${target}/y=${year}/m=${month}-${day}T${hour}/${shard}/${source}"} {
		if o := opened(t, cfg, Options{Prefix: prefix}).Send(t.Context(), recs); !o.OK() {
			t.Fatal(o.Err(0))
		}
	}
	var got []string
	for _, o := range fake.Records("s3/lake") {
		got = append(got, o.Key)
	}
	const name = "/shardId-000000000000-4900-4902-ec9cd514175eb383.jsonl"
	want := []string{
		"kinesis-clicks/2025/11/22/08" + name,
		"orders/kinesis-clicks/2025/11/22/08" + name,
		"a b/archive/y=2025/m=11-22T08/shardId-000000000000/kinesis-clicks" + name,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
}

// TestKeyNamesRecords asserts that an object has the key of another one only if it holds the
// same records of the same target.
func TestKeyNamesRecords(t *testing.T) {
	recs := sinktest.Numbered(4)
	part := recs[0]
	part.Sub = 1
	other := recs[3]
	other.Data = engine.Bytes([]byte(`{"n":4}`))
	sets := [][]engine.Record{recs, recs[:3], {recs[0], recs[3]}, {recs[0], recs[1], recs[3]}, {part, recs[3]}, {recs[0], other}}
	fake, cfg := sinktest.Start(t)
	sinks := []*Sink{opened(t, cfg, Options{}), opened(t, cfg, Options{Compress: "gzip"})}
	for _, o := range []Options{
		{Bucket: "lake", Source: source, Target: "other"},
		{Bucket: "lake", Source: source + "2", Target: "archive"},
	} {
		s, err := New(cfg, o)
		if err != nil {
			t.Fatal(err)
		}
		sinks = append(sinks, s)
	}
	for range 2 {
		for _, s := range sinks {
			for _, set := range sets {
				if o := s.Send(t.Context(), set); !o.OK() {
					t.Fatal(o.Err(0))
				}
			}
		}
		if n := len(fake.Records("s3/lake")); n != len(sinks)*len(sets) {
			t.Errorf("%d objects are there; want %d", n, len(sinks)*len(sets))
		}
	}
}

func TestLines(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xFF}, 1000))
	for data, want := range map[string]string{
		"{\"a\": 1}":                 `{"a": 1}`,
		" {\n\"a\":\r\n1}\n":         `{ "a":  1}`,
		"":                           `""`,
		"text\n":                     `"text\n"`,
		"\xFF":                       `{"$base64":"/w=="}`,
		"{\"a\":\"\xFF\"}":           `{"$base64":"eyJhIjoi/yJ9"}`,
		strings.Repeat("\xFF", 1000): `{"$base64":"` + long + `"}`,
	} {
		w := &sinktest.Wire{Reply: map[string][]string{"Etag": {`"1"`}}}
		o := opened(t, w.Config(), Options{}).Send(t.Context(), []engine.Record{{Data: engine.Bytes([]byte(data))}})
		if !o.OK() || string(w.Body) != want+"\n" {
			t.Errorf("%.40q became the line %.40q, %v; want %.40q", data, w.Body, o.Err(0), want)
		}
	}
}

func TestCompressed(t *testing.T) {
	for format, decompress := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	} {
		fake, cfg := sinktest.Start(t)
		if o := opened(t, cfg, Options{Compress: format}).Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
			t.Fatal(o.Err(0))
		}
		object := fake.Records("s3/lake")[0]
		r, err := decompress(bytes.NewReader(object.Data))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != "{\"n\":0}\n{\"n\":1}\n" {
			t.Errorf("%s: %q, %v", format, text, err)
		}
		if object.ContentType != "application/"+format || !strings.Contains(object.Key, ".jsonl.") {
			t.Errorf("%s: the object %s has type %s", format, object.Key, object.ContentType)
		}
	}
}

// TestAShardAnObject asserts that a request has records of one shard.
func TestAShardAnObject(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	recs := sinktest.Numbered(6)
	for i := range recs {
		recs[i].Lane = string(rune('a' + i/3))
	}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: opened(t, cfg, Options{})})
	if err != nil {
		t.Fatal(err)
	}
	if r := plan.Run(t.Context(), recs); !r.OK() {
		t.Fatal(r.Targets[0].Failures)
	}
	if n := len(fake.Records("s3/lake")); n != 2 {
		t.Errorf("%d objects are there; want 2", n)
	}
}

func TestAnswers(t *testing.T) {
	xml := func(code string) string {
		return "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>why</Message></Error>"
	}
	tests := []struct {
		name   string
		status int
		answer string
		reply  map[string][]string
		want   string
	}{
		{"stored", 200, "", map[string][]string{"Etag": {`"1"`}}, ""},
		{"no tag", 200, "", nil, "retryable"},
		{"a page", 200, "<html>", map[string][]string{"Etag": {`"1"`}}, "retryable"},
		{"slow down", 503, xml("SlowDown"), nil, "throttled"},
		{"failing", 500, xml("InternalError"), nil, "retryable"},
		{"a proxy fails", 502, "<html>Bad Gateway", nil, "retryable"},
		{"too slow", 400, xml("RequestTimeout"), nil, "retryable"},
		{"denied", 403, xml("AccessDenied"), nil, "permanent"},
		{"no bucket", 404, xml("NoSuchBucket"), nil, "permanent"},
		{"another region", 301, xml("PermanentRedirect"), nil, "permanent"},
		{"a new bucket", 307, xml("TemporaryRedirect"), nil, "retryable"},
		{"too large", 400, xml("EntityTooLarge"), nil, "too large"},
		{"unknown", 418, "", nil, "retryable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &sinktest.Wire{Status: tt.status, Answer: tt.answer, Reply: tt.reply}
			o := opened(t, w.Config(), Options{}).Send(t.Context(), sinktest.Numbered(1))
			if got := sinktest.Failures(o, 1)[0]; got != tt.want {
				t.Errorf("class %q; want %q: %v", got, tt.want, o.Err(0))
			}
		})
	}
}

func TestParse(t *testing.T) {
	for text, says := range map[string]string{
		"s3://lake": "", "s3://lake/": "", "s3://my.lake/orders/${year}": "",
		"lake": "is not the URL of a bucket", "s3://": "is not the name of a bucket", "s3://La": "is not the name", "s3://a..b": "is not the name", "s3://-ab": "is not the name",
		"s3://lake/${": "add }", "s3://lake/${id}": "is unknown", "s3://lake/" + strings.Repeat("a", 401): "write at most 400",
	} {
		_, err := Parse(text)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: %v; want %q", text, err, says)
		}
	}
}
