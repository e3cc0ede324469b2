package tune

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/lambda/event"
)

const (
	orders    = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	customers = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000"
)

// kinesisEvent returns an event of n records of size bytes with keys keys, over
// shards, that arrive 10 ms apart.
func kinesisEvent(n, size, keys, shards int) []byte {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"shardId-%012d:%d","kinesis":{"partitionKey":"k%d","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":%.2f}}`,
			orders, i%shards, 1000+i, i%keys, 1000+i, base64.StdEncoding.EncodeToString([]byte(`{"a":"`+strings.Repeat("<", size-8)+`"}`)), 1_763_800_000+float64(i)/100)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func newSample(t *testing.T, events ...[]byte) *Sample {
	t.Helper()
	s, err := NewSample(events...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLoad(t *testing.T) {
	two := newSample(t, kinesisEvent(101, 100, 10, 2))
	for _, tt := range []struct {
		name      string
		perSecond float64
		shards    int
		want      Load
	}{
		{"derived", 0, 0, Load{100, 2, true}},
		{"derived, for more shards", 0, 4, Load{200, 4, true}},
		{"given", 50, 0, Load{50, 2, false}},
		{"all given", 50, 3, Load{50, 3, false}},
	} {
		if got, err := two.Load(tt.perSecond, tt.shards); err != nil || math.Abs(got.RecordsPerSecond/tt.want.RecordsPerSecond-1) > 0.02 || got.Shards != tt.want.Shards || got.Derived != tt.want.Derived {
			t.Errorf("%s: %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
	one := newSample(t, kinesisEvent(1, 100, 1, 1))
	if _, err := one.Load(0, 0); err == nil || !strings.Contains(err.Error(), "--records-per-second") {
		t.Errorf("one record tells a rate: %v", err)
	}
}

// Shards are read at different speeds, so one may end long before another. The rate
// is the sum of the shards' rates.
func TestLoadAddsUpShards(t *testing.T) {
	slow := strings.ReplaceAll(string(kinesisEvent(101, 100, 10, 1)), "shardId-000000000000", "shardId-000000000009")
	slow = strings.ReplaceAll(slow, "17638000", "17638900")
	s := newSample(t, kinesisEvent(101, 100, 10, 1), []byte(slow))
	if got, err := s.Load(0, 0); err != nil || math.Abs(got.RecordsPerSecond-200) > 4 {
		t.Errorf("%v, %v; want 100 a second of each shard", got, err)
	}
}

func TestSampleIsRefused(t *testing.T) {
	sns, err := os.ReadFile(filepath.Join("..", "..", "examples", "events", "sns.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		event string
		want  string
	}{
		{"a topic", string(sns), "only for streams"},
		{"two streams", strings.Replace(string(kinesisEvent(2, 100, 1, 1)), "stream/orders", "stream/others", 1), "one at a time"},
		{"nothing", `{"Records":[]}`, "no records"},
		{"not an event", `{"a":1}`, "Records"},
	} {
		if _, err := NewSample([]byte(tt.event)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

// A batch comes from one shard and holds no record twice, at any size.
func TestBatchesAreOfOneShardAndNumberedAnew(t *testing.T) {
	dynamodb, err := os.ReadFile(filepath.Join("..", "..", "examples", "events", "dynamodb.json"))
	if err != nil {
		t.Fatal(err)
	}
	events := map[string][]byte{"kinesis": kinesisEvent(30, 100, 7, 3), "dynamodb": dynamodb}
	events["a shard with a control character"] = bytes.ReplaceAll(events["kinesis"], []byte("shardId"), []byte(`shard\u0007`))
	for name, data := range events {
		s := newSample(t, data)
		batch, n, err := s.Event(100, 1)
		if err != nil || n != 100 {
			t.Fatal(n, err)
		}
		if strings.Contains(string(batch), `\u003c`) {
			t.Errorf("%s: the batch has escapes that the sample has not", name)
		}
		got, err := event.Decode(batch)
		if err != nil || len(got) != 1 || len(got[0].Records) != n {
			t.Fatalf("%s: %d sources, %v", name, len(got), err)
		}
		seqs, size := make(map[string]bool), 0
		for _, r := range got[0].Records {
			if r.Lane != got[0].Records[0].Lane || r.Data.Err() != nil {
				t.Errorf("%s: lane %s, %v", name, r.Lane, r.Data.Err())
			}
			seqs[r.Seq] = true
			size += len(r.Raw)
		}
		if len(seqs) != n {
			t.Errorf("%s: %d sequence numbers of %d", name, len(seqs), n)
		}
		if mean := float64(size) / float64(n); math.Abs(mean/s.RecordBytes()-1) > 0.2 {
			t.Errorf("%s: records of %g bytes became ones of %g", name, s.RecordBytes(), mean)
		}
	}
}

func TestFactorPartsKeys(t *testing.T) {
	s := newSample(t, kinesisEvent(200, 100, 50, 1))
	batch, n, err := s.Event(100, 5)
	if err != nil {
		t.Fatal(err)
	}
	got, err := event.Decode(batch)
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool)
	for _, r := range got[0].Records {
		keys[r.Key] = true
	}
	if n != 100 || len(keys) == 0 || len(keys) > 25 {
		t.Errorf("%d records have %d of 50 keys; want those of one lane of five", n, len(keys))
	}
}

func TestEventStaysWithinThePayload(t *testing.T) {
	s := newSample(t, kinesisEvent(20, 100_000, 5, 1))
	batch, n, err := s.Event(1000, 1)
	if err != nil || len(batch) > maxEvent || n < 40 || n > s.MaxBatch()+1 {
		t.Errorf("%d records, %d bytes, %v", n, len(batch), err)
	}
}

func TestHotKey(t *testing.T) {
	for keys, want := range map[int]float64{1: 1, 4: 0.25, 100: 0} {
		if got := newSample(t, kinesisEvent(100, 100, keys, 1)).hotKey(); !near(got, want) {
			t.Errorf("%d keys: %g, want %g", keys, got, want)
		}
	}
}
