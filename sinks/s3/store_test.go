package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"
)

func openedStore(t testing.TB, cfg aws.Config, o Options) *Store {
	t.Helper()
	o.Bucket, o.Source, o.Target = "big", source, "queue"
	s, err := NewStore(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		fake, cfg := sinktest.Start(t)
		var next atomic.Pointer[awsfake.Fault]
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
		return enginetest.SinkHarness{
			Sink: openedStore(t, cfg, Options{}),
			Accepted: func() (all [][]byte) {
				for _, o := range fake.Records("s3/big") {
					all = append(all, o.Data)
				}
				return all
			},
			Break:  func() { next.Store(&awsfake.Fault{Drop: true}) },
			Record: sinktest.Awkward,
		}
	})
}

// A reference names the object that the store writes, and leads back to its data. The same record
// has the same reference, and any other one another.
func TestReferences(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	large := bytes.Repeat([]byte("\xFF<&>"), 2<<20)
	rec := engine.Record{Key: "k", Lane: "shardId-0", Seq: "49", Arrived: 1763798400001, Data: engine.Bytes(large)}
	other, part := rec.With(engine.Bytes([]byte("other"))), rec
	part.Sub = 1
	keys := map[string]bool{}
	s := openedStore(t, cfg, Options{Prefix: "claims", Compress: "gzip"})
	for _, r := range []engine.Record{rec, other, part, rec} {
		ref := s.Refer(&r)
		keys[ref.Key] = true
		if o := s.Send(t.Context(), []engine.Record{r}); !o.OK() {
			t.Fatal(o.Err(0))
		}
		sum := sha256.Sum256(r.Data.Bytes())
		if ref.Version != 1 || ref.Bucket != "big" || ref.Bytes != r.Data.Len() || ref.SHA256 != hex.EncodeToString(sum[:]) || ref.Encoding != "gzip" ||
			!strings.HasPrefix(ref.Key, "claims/kinesis-clicks/2025/11/22/08/shardId-0-49-") {
			t.Errorf("%+v", ref)
		}
		if data, err := s.Read(t.Context(), &ref); err != nil || !bytes.Equal(data, r.Data.Bytes()) {
			t.Errorf("%d bytes are read, %v", len(data), err)
		}
	}
	if n := len(fake.Records("s3/big")); len(keys) != 3 || n != 3 {
		t.Errorf("%d keys, and %d objects", len(keys), n)
	}
}

// Read tells a missing object from one that is not the one that was stored, and from a fault.
func TestReadFaults(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s, rec := openedStore(t, cfg, Options{}), engine.Record{Data: engine.Bytes([]byte("some data"))}
	ref := s.Refer(&rec)
	wantFault := func(says, class string) {
		t.Helper()
		_, err := s.Read(t.Context(), &ref)
		if err == nil || !strings.Contains(err.Error(), says) || engine.ClassOf(err).String() != class {
			t.Errorf("%v; want %q, %s", err, says, class)
		}
	}
	wantFault("the object "+ref.Key+" of the bucket big is missing", "permanent")
	s.Send(t.Context(), []engine.Record{rec})
	ref.SHA256 = strings.Repeat("0", 64)
	wantFault("is not the one that was stored", "permanent")
	ref.Bytes = 3
	wantFault("is not the one that was stored", "permanent")
	fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Code: "AccessDenied", Status: 403} })
	wantFault("cannot be read", "permanent")
	fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Drop: true} })
	wantFault("cannot be read", "retryable")
}
