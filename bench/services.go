package bench

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Services is an http.RoundTripper that stands for AWS: it acknowledges every
// record of a request, after Latency.
type Services struct {
	Latency time.Duration

	calls atomic.Int64
}

// Calls is the number of requests so far.
func (s *Services) Calls() int64 { return s.calls.Load() }

// answers says, by operation, how a request shows its records and an answer
// acknowledges one and all.
var answers = map[string]struct{ record, one, head, tail string }{
	"PutRecords":       {`"PartitionKey":`, `{"SequenceNumber":"1","ShardId":"s"}`, `{"FailedRecordCount":0,"Records":[`, `]}`},
	"PutRecordBatch":   {`"Data":`, `{"RecordId":"r"}`, `{"FailedPutCount":0,"RequestResponses":[`, `]}`},
	"SendMessageBatch": {`"MessageBody":`, `{"Id":"#","MessageId":"m"}`, `{"Failed":[],"Successful":[`, `]}`},
}

// RoundTrip implements http.RoundTripper.
func (s *Services) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if s.Latency > 0 {
		time.Sleep(s.Latency)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a := answers[operation]
	ones := make([]string, bytes.Count(body, []byte(a.record)))
	for i := range ones {
		ones[i] = strings.Replace(a.one, "#", strconv.Itoa(i), 1)
	}
	answer := a.head + strings.Join(ones, ",") + a.tail
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, ContentLength: int64(len(answer)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body:   io.NopCloser(strings.NewReader(answer)),
	}, nil
}
