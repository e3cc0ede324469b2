//go:build integration

package integration

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// kinesisLocal starts kinesis-local and returns its address.
func kinesisLocal(t *testing.T) string {
	t.Helper()
	addr, secure := freeAddr(), freeAddr()
	_, port, _ := net.SplitHostPort(addr)
	_, securePort, _ := net.SplitHostPort(secure)
	dir := os.Getenv("KINESIS_LOCAL")
	serve(t, addr, "env", "-C", dir, "KINESIS_MOCK_PLAIN_PORT="+port, "KINESIS_MOCK_TLS_PORT="+securePort,
		"AWS_ACCOUNT_ID="+account, "LOG_LEVEL=ERROR", "CREATE_STREAM_DURATION=10ms", "SPLIT_SHARD_DURATION=10ms", "MERGE_SHARDS_DURATION=10ms",
		"node", filepath.Join(dir, "main.js"))
	return addr
}

// TestKinesisLocal covers limits of Kinesis that kinesis-local enforces and moto does
// not.
func TestKinesisLocal(t *testing.T) {
	addr := kinesisLocal(t)
	s := connect(t)
	s.kinesis = kinesis.NewFromConfig(s.cfg, func(o *kinesis.Options) { o.BaseEndpoint = aws.String("http://" + addr) })
	source := s.createStream(t, "source", 3)
	s.createStream(t, "copy", 2)
	for _, name := range []string{"source", "copy"} {
		eventually(t, func() error {
			_, err := s.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
			return err
		})
	}
	puts, want := orders(t, 0, 400)
	// The largest record in Kinesis.
	largest := put{"largest", strings.Repeat("x", 1<<20-len("largest"))}
	want.put(largest.key, largest.data)
	puts = append(puts, largest)
	for page := range slices.Chunk(puts, 100) {
		in := &kinesis.PutRecordsInput{StreamARN: &source}
		for _, p := range page {
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: &p.key, Data: []byte(p.data)})
		}
		if out := must(s.kinesis.PutRecords(t.Context(), in))(t); *out.FailedRecordCount > 0 {
			t.Fatalf("%d of the test's own records were refused", *out.FailedRecordCount)
		}
	}
	file := targetsFile(t, source, target{"type": "kinesis", "destination": "copy", "deaggregate": true, "parallel": false})
	r := fanoutIn(t, []string{"AWS_ENDPOINT_URL_KINESIS=http://" + addr},
		"run", "--targets", file, "--source-arn", source, "--once", "--batch-size", "1000")
	if r.Records != len(puts) {
		t.Errorf("%d records, want %d", r.Records, len(puts))
	}
	got := s.streamData(t, "copy")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want.byKey)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Error("keys:", diff)
	}
	for key, data := range want.byKey {
		if !slices.Equal(data, got[key]) {
			t.Errorf("the %d records of key %s are not there, or in another order: %d are", len(data), key, len(got[key]))
		}
	}

	// A record that the server refuses fails alone. The server counts only the data.
	stream := arnOf("kinesis", "stream/orders")
	file = targetsFile(t, stream, target{"type": "kinesis", "destination": "copy", "maxRecordBytes": 2 << 20, "parallel": false})
	event := kinesisEvent(t, stream, order("before", 1), put{"too large", strings.Repeat("x", 1<<20+1)}, order("after", 1))
	r, log, err := run(t, []string{"AWS_ENDPOINT_URL_KINESIS=http://" + addr}, "run", "--targets", file, "--event", event, "--timeout", "20s")
	if err == nil || len(r.Targets) != 1 || r.Targets[0].Delivered != 2 || r.Targets[0].Failed != 1 {
		t.Errorf("%v, %+v\n%s", err, r, log)
	}
}
