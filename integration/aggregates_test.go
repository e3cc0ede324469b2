//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// TestAggregatesOverReshards fills a stream with aggregates while one of its shards splits and
// others merge. A reader that ignores user records that do not belong to its shard, as the
// Kinesis Client Library does, gets every record, and those of a key in order.
func TestAggregatesOverReshards(t *testing.T) {
	addr := kinesisLocal(t)
	s := connect(t)
	s.kinesis = kinesis.NewFromConfig(s.cfg, func(o *kinesis.Options) { o.BaseEndpoint = aws.String("http://" + addr) })
	source := s.createStream(t, "source", 1)
	s.createStream(t, "aggregates", 2)
	s.awaitActive(t, "source")
	s.awaitActive(t, "aggregates")

	file := targetsFile(t, source, target{"type": "kinesis", "destination": "aggregates", "aggregate": true, "parallel": false})
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join("..", "bin", "fanout"), "run", "--targets", file, "--source-arn", source, "--starting-position", "TRIM_HORIZON", "--batch-size", "1000")
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL_KINESIS=http://"+addr)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, &log)
		}
	}()

	const keys, rounds, each = 40, 3, 10
	sent := make(map[string][]string) // by key
	var got map[string][]string
	ignored := 0
	for round := range rounds {
		in := &kinesis.PutRecordsInput{StreamARN: &source}
		for i := range keys * each {
			key := fmt.Sprint("key ", i%keys)
			data := fmt.Sprint(key, " record ", round*each+i/keys)
			sent[key] = append(sent[key], data)
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: &key, Data: []byte(data)})
		}
		if out := must(s.kinesis.PutRecords(t.Context(), in))(t); *out.FailedRecordCount > 0 {
			t.Fatalf("%d of the test's own records were refused", *out.FailedRecordCount)
		}
		eventually(t, func() error {
			got, ignored = consume(t, addr, "aggregates")
			for key, data := range sent {
				if len(got[key]) < len(data) {
					return fmt.Errorf("%d of %d records of %s are there", len(got[key]), len(data), key)
				}
			}
			return nil
		})
		switch round {
		case 0:
			s.split(t, "aggregates", 0)
		case 1:
			s.merge(t, "aggregates", 0, 1)
		}
	}
	for key, data := range sent {
		if !slices.Equal(got[key], data) {
			t.Errorf("the records of %s came as %q; want %q", key, got[key], data)
		}
	}
	if ignored == 0 {
		t.Error("no aggregate met a reshard")
	}
}

// consume returns the data of a stream by key, as kcl.py reads it, and how many user records
// were ignored.
func consume(t *testing.T, addr, stream string) (data map[string][]string, ignored int) {
	t.Helper()
	cmd := exec.Command("python3", "kcl.py", "http://"+addr, stream)
	cmd.Env = append(os.Environ(), "AWS_DEFAULT_REGION="+region)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcl.py: %v\n%s", err, &log)
	}
	data = make(map[string][]string)
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var user struct {
			Key, Data           string
			Aggregated, Belongs bool
		}
		if err := json.Unmarshal(lines.Bytes(), &user); err != nil {
			t.Fatal(err)
		}
		if user.Aggregated && !user.Belongs {
			ignored++
			continue
		}
		data[user.Key] = append(data[user.Key], user.Data)
	}
	return data, ignored
}

// open returns the open shards of a stream, by hash key.
func (s services) open(t *testing.T, stream string) (open []kinesistypes.Shard) {
	t.Helper()
	for _, shard := range must(s.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream}))(t).Shards {
		if shard.SequenceNumberRange.EndingSequenceNumber == nil {
			open = append(open, shard)
		}
	}
	slices.SortFunc(open, func(a, b kinesistypes.Shard) int {
		return len(*a.HashKeyRange.StartingHashKey) - len(*b.HashKeyRange.StartingHashKey)
	})
	return open
}

// split splits an open shard of a stream, which begins at hash key 0, at a quarter of all hash
// keys.
func (s services) split(t *testing.T, stream string, shard int) {
	t.Helper()
	must(s.kinesis.SplitShard(t.Context(), &kinesis.SplitShardInput{
		StreamName: &stream, ShardToSplit: s.open(t, stream)[shard].ShardId, NewStartingHashKey: aws.String("85070591730234615865843651857942052864"),
	}))(t)
	s.awaitActive(t, stream)
}

// merge merges two open shards of a stream.
func (s services) merge(t *testing.T, stream string, shard, with int) {
	t.Helper()
	open := s.open(t, stream)
	must(s.kinesis.MergeShards(t.Context(), &kinesis.MergeShardsInput{
		StreamName: &stream, ShardToMerge: open[shard].ShardId, AdjacentShardToMerge: open[with].ShardId,
	}))(t)
	s.awaitActive(t, stream)
}

func (s services) awaitActive(t *testing.T, stream string) {
	t.Helper()
	eventually(t, func() error {
		out, err := s.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		if err == nil && out.StreamDescriptionSummary.StreamStatus != kinesistypes.StreamStatusActive {
			err = fmt.Errorf("%s is %s", stream, out.StreamDescriptionSummary.StreamStatus)
		}
		return err
	})
}
