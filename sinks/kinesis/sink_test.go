package kinesis

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/sinktest"
)

// accepted is the result of an accepted record.
const accepted = `{"SequenceNumber":"495","ShardId":"shardId-000000000000"}`

// refused is the result of a record that is refused with code.
func refused(code string) string { return `{"ErrorCode":"` + code + `","ErrorMessage":"why"}` }

// answer is an answer with the given results.
func answer(results ...string) string { return `{"Records":[` + strings.Join(results, ",") + `]}` }

func TestKinesisAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer string
		want   []string
	}{
		{"all taken", answer(accepted, accepted, accepted), []string{"", "", ""}},
		{"throttled", answer(accepted, refused("ProvisionedThroughputExceededException"), accepted), []string{"", "throttled", ""}},
		{"failing", answer(refused("InternalFailure"), accepted, accepted), []string{"retryable", "", ""}},
		{"no permission for the key", answer(accepted, accepted, refused("KMSAccessDeniedException")), []string{"", "", "permanent"}},
		{"unknown code", answer(accepted, accepted, refused("Whatever")), []string{"", "", "retryable"}},
		{"all refused", answer(refused("InternalFailure"), refused("InternalFailure"), refused("InternalFailure")), []string{"retryable", "retryable", "retryable"}},
		{"not acknowledged", answer(accepted, `{"ShardId":"shardId-000000000000"}`, accepted), []string{"", "retryable", ""}},
		{"too few results", answer(accepted, accepted), []string{"retryable", "retryable", "retryable"}},
		{"too many results", answer(accepted, accepted, accepted, accepted), []string{"retryable", "retryable", "retryable"}},
		{"no results", answer(), []string{"retryable", "retryable", "retryable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: tt.answer}
			o := New(w.Config(), sinktest.Stream).Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKinesisDestination(t *testing.T) {
	for _, tt := range []struct{ given, region, name, arn string }{
		{sinktest.Stream, "eu-west-1", sinktest.Stream, ""},
		{sinktest.StreamARN, "eu-west-1", "", sinktest.StreamARN},
		{"arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b", "us-gov-west-1", "", "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b"},
	} {
		w := &sinktest.Wire{Answer: answer(accepted)}
		cfg := w.Config()
		cfg.Region = tt.region
		if o := New(cfg, tt.given).Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
			t.Error(o.Err(0))
		}
		var in struct{ StreamName, StreamARN string }
		if err := json.Unmarshal(w.Body, &in); err != nil || in.StreamName != tt.name || in.StreamARN != tt.arn {
			t.Errorf("%s: StreamName %q, StreamARN %q, %v", tt.given, in.StreamName, in.StreamARN, err)
		}
	}
}

func TestKinesisKeys(t *testing.T) {
	tests := []struct {
		name string
		rec  engine.Record
		want string
	}{
		{"kept", engine.Record{Key: "a"}, "a"},
		{"256 letters", engine.Record{Key: strings.Repeat("x", 256)}, strings.Repeat("x", 256)},
		{"256 characters of several bytes", engine.Record{Key: strings.Repeat("é", 256)}, strings.Repeat("é", 256)},
		{"257 letters", engine.Record{Key: strings.Repeat("x", 257)}, ids.Hash([]byte(strings.Repeat("x", 257)))},
		{"257 characters of several bytes", engine.Record{Key: strings.Repeat("é", 257)}, ids.Hash([]byte(strings.Repeat("é", 257)))},
		{"not UTF-8", engine.Record{Key: "\xFF"}, ids.Hash([]byte("\xFF"))},
		{"empty", engine.Record{Seq: "495"}, "495"},
		{"empty, no sequence number", engine.Record{Data: engine.Bytes([]byte("abc"))},
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, // FIPS 180-2, appendix B.1
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			k := New(cfg, sinktest.Stream)
			tt.rec.HashKey = "170141183460469231731687303715884105728"
			if o := k.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
				t.Fatal(o.Err(0))
			}
			got := fake.Records("kinesis/orders")[0]
			if got.PartitionKey != tt.want {
				t.Errorf("partition key %q; want %q", got.PartitionKey, tt.want)
			}
			if got.HashKey != tt.rec.HashKey {
				t.Errorf("explicit hash key %q; want %q", got.HashKey, tt.rec.HashKey)
			}
			if size, want := k.Sizer()(&tt.rec), tt.rec.Data.Len()+len(tt.want); size != want {
				t.Errorf("counts %d bytes; want %d", size, want)
			}
		})
	}
}
