package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"fanout/internal/testing/clitest"
)

// fakeStream is a Kinesis stream over HTTP, with the calls that polling needs.
type fakeStream struct {
	*httptest.Server

	mu     sync.Mutex
	shards map[string][]string // sequence numbers
	next   int
}

func newFakeStream(shards ...string) *fakeStream {
	s := &fakeStream{shards: make(map[string][]string)}
	for _, id := range shards {
		s.shards[id] = nil
	}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *fakeStream) URL() string { return s.Server.URL }

// put appends n records to a shard. Their data is their sequence number.
func (s *fakeStream) put(shard string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.next++
		s.shards[shard] = append(s.shards[shard], fmt.Sprint(1000+s.next))
	}
}

// ServeHTTP answers the calls of a reader. An iterator is a shard and the number of
// its records that were read.
func (s *fakeStream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		StreamARN, ShardID, ShardIteratorType, StartingSequenceNumber, ShardIterator string
		Timestamp                                                                    float64
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202."); {
	case in.StreamARN != clitest.Orders:
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"__type": "ResourceNotFoundException", "message": "no such stream"})
	case operation == "ListShards":
		var list []any
		for id := range s.shards {
			list = append(list, map[string]any{"ShardId": id, "SequenceNumberRange": map[string]any{"StartingSequenceNumber": "1"}})
		}
		answer(w, map[string]any{"Shards": list})
	case operation == "DescribeStreamSummary":
		answer(w, map[string]any{"StreamDescriptionSummary": map[string]any{
			"StreamARN": in.StreamARN, "StreamName": "orders", "StreamStatus": "ACTIVE", "RetentionPeriodHours": 8760, "OpenShardCount": 2,
			"EnhancedMonitoring": []any{}, "StreamCreationTimestamp": 1763800000,
		}})
	case operation == "GetShardIterator":
		at := 0
		switch in.ShardIteratorType {
		case "LATEST":
			at = len(s.shards[in.ShardID])
		case "AFTER_SEQUENCE_NUMBER":
			at = 1 + slices.Index(s.shards[in.ShardID], in.StartingSequenceNumber)
		case "AT_TIMESTAMP":
			for at < len(s.shards[in.ShardID]) && arrival(at) < in.Timestamp {
				at++
			}
		}
		answer(w, map[string]any{"ShardIterator": fmt.Sprint(in.ShardID, " ", at)})
	case operation == "GetRecords":
		var shard string
		var at int
		if _, err := fmt.Sscan(in.ShardIterator, &shard, &at); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		list := []any{}
		for i, seq := range s.shards[shard][at:] {
			list = append(list, map[string]any{"SequenceNumber": seq, "PartitionKey": "k", "Data": []byte(seq), "ApproximateArrivalTimestamp": arrival(at + i)})
		}
		answer(w, map[string]any{
			"Records": list, "NextShardIterator": fmt.Sprint(shard, " ", at+len(list)), "MillisBehindLatest": 0,
		})
	default:
		http.Error(w, operation, http.StatusNotImplemented)
	}
}

// arrival returns when the record with this index arrived in its shard: the first at
// 2025-11-22T08:26:40.1Z, and each later one a minute after the one before.
func arrival(index int) float64 { return 1763800000.1 + 60*float64(index) }

func answer(w http.ResponseWriter, out any) {
	_ = json.NewEncoder(w).Encode(out) // a reader that has gone needs no answer
}
