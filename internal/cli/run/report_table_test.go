package run

import (
	"bytes"
	"testing"
	"time"

	"fanout/internal/testing/clitest"
)

// The table of a run, with the longest names and numbers.
func TestReportTables(t *testing.T) {
	clitest.CheckTable(t, "run", func(w *bytes.Buffer) {
		printTable(w, 24_000, []row{
			{ID: "queue", Type: "sqs", Delivered: 24_000, Requests: 2_400, Bytes: 12_000_000, took: 1234 * time.Millisecond},
			{ID: "search-of-the-orders-of-all-customers", Type: "opensearch", Delivered: 23_990, Failed: 10, Requests: 48, Bytes: 123_456_789, took: 83 * time.Second},
		})
	})
	clitest.CheckTable(t, "runretries", func(w *bytes.Buffer) {
		printTable(w, 24_000, []row{{
			ID: "queue", Type: "sqs", Delivered: 23_000, Dropped: 10, Diverted: 980, Failed: 10, Requests: 2_400, Retries: 12, Bytes: 12_000_000,
			took: 1234 * time.Millisecond, Reasons: []reason{{Error: "the queue is full", Count: 10, Shard: "shardId-000000000000", Sequence: "49590338271490256608559692538361571095921575989136588898"}},
		}})
	})
	clitest.CheckTable(t, "runagain", func(w *bytes.Buffer) {
		printTable(w, 189, []row{
			{ID: "queue", Type: "sqs", Delivered: 40, Already: 149, Requests: 4, Bytes: 351, took: 83 * time.Second},
			{ID: "down", Type: "sqs", Delivered: 40, Failed: 149, Requests: 48, Retries: 12, Bytes: 351, took: 83 * time.Second},
		})
	})
	clitest.CheckTable(t, "runfiltered", func(w *bytes.Buffer) {
		printTable(w, 189, []row{
			{ID: "paid", Type: "sqs", Delivered: 40, Already: 49, Filtered: 99, Dropped: 1, Requests: 4, Bytes: 351, took: time.Second},
			{ID: "all", Type: "kinesis", Delivered: 189, Requests: 1, Bytes: 1351, took: time.Second},
		})
	})
}
