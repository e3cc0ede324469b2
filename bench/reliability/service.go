package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// service is an AWS in this process. It takes records, at once or after a latency, logs
// them, and fails now and then. It is an http.RoundTripper.
type service struct {
	latency time.Duration
	rate    float64 // share of failing calls for a target
	logs    map[string]*destination
}

// destination is the state of a target.
type destination struct {
	mu     sync.Mutex
	log    *log
	ways   []way  // of failing
	memory memory // nil: a record that is sent twice is taken twice
	calls  int
	faults int
	bad    int // index of the failing call in the current draw
}

// way is a way in which a request fails.
type way uint8

const (
	fails     way = iota // 500
	throttles            // 429
	breaks               // the connection, before any record was taken
	mutes                // it takes all records, and the answer is lost
	picks                // it refuses every second record
)

// dialect is the form of requests and answers of an operation.
type dialect struct {
	target         string                // whose log it is
	record         string                // text before the data of each record
	end            string                // text after it
	base64         bool                  // the data is
	taken, refused func(i, n int) string // the answer's text for record i, which is number n; nil: none
	head, tail     string                // the text around these
	lists          bool                  // taken and refused are two lists, with this between them

	id func(r *http.Request, body []byte) string // by which the target recognizes the request; nil: it does not
}

var dialects = map[string]dialect{
	"PutRecords": {
		target: "kinesis", record: `"Data":"`, end: `"`, base64: true,
		taken:   func(int, int) string { return `{"SequenceNumber":"1","ShardId":"s"}` },
		refused: func(int, int) string { return `{"ErrorCode":"ProvisionedThroughputExceededException"}` },
		head:    `{"Records":[`, tail: `]}`,
	},
	"PutRecordBatch": {
		target: "firehose", record: `"Data":"`, end: `"`, base64: true,
		taken:   func(int, int) string { return `{"RecordId":"r"}` },
		refused: func(int, int) string { return `{"ErrorCode":"ServiceUnavailableException"}` },
		head:    `{"FailedPutCount":0,"RequestResponses":[`, tail: `]}`,
	},
	"SendMessageBatch": {
		target: "sqs", record: `"MessageBody":"`, end: `}"`,
		taken:   func(i, _ int) string { return fmt.Sprintf(`{"Id":"%d","MessageId":"m"}`, i) },
		refused: func(i, _ int) string { return fmt.Sprintf(`{"Id":"%d","Code":"InternalError"}`, i) },
		head:    `{"Successful":[`, tail: `]}`, lists: true,
	},
	"_bulk": {
		target: "es", record: "\n{\"n\"", end: "\n",
		taken: func(int, int) string { return `{"create":{"status":201}}` },
		refused: func(int, int) string {
			return `{"create":{"status":429,"error":{"type":"es_rejected_execution_exception"}}}`
		},
		head: `{"items":[`, tail: `]}`,
	},
	"PutEvents": {
		target: "eventbridge", record: `"Detail":"`, end: `}"`,
		taken:   func(int, int) string { return `{"EventId":"e"}` },
		refused: func(int, int) string { return `{"ErrorCode":"InternalFailure"}` },
		head:    `{"FailedEntryCount":0,"Entries":[`, tail: `]}`,
	},
	"StartExecution": { // the executions run on, so a name that exists is acknowledged for the same input
		target: "stepfunctions", record: `"input":"`, end: `}"`, id: nameOf, head: `{"executionArn":"a"`, tail: "}",
	},
	"PutObject": {
		target: "s3", record: `{"n"`, end: `}`, id: func(r *http.Request, _ []byte) string { return r.URL.Path },
	},
	"PutItem": {
		target: "dynamodb", record: `"n":{"N":"`, end: `"`, id: positionOf, head: "{", tail: "}",
	},
	"POST": {
		target: "http", record: `{"n"`, end: `}`, id: func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
	},
}

var errBroken = errors.New("the connection was reset")

// RoundTrip implements http.RoundTripper.
func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if s.latency > 0 {
		time.Sleep(s.latency)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		operation = "_bulk"
	case strings.HasPrefix(r.URL.Host, "lake.s3."):
		operation = "PutObject"
	case r.URL.Path == "/orders":
		operation = r.Method
	}
	d, known := dialects[operation]
	if !known {
		return nil, fmt.Errorf("the service does not know %s %s", r.URL.Path, operation)
	}
	numbers, err := d.numbers(body)
	if err != nil {
		return nil, err
	}
	to, id := s.logs[d.target], ""
	if d.id != nil {
		id = d.id(r, body)
	}
	step := 1
	if wrong, how := to.draw(s.rate); wrong {
		switch how {
		case fails:
			return answer(r, http.StatusInternalServerError, `{"message":"Internal Server Error"}`), nil
		case throttles:
			return answer(r, http.StatusTooManyRequests, `{"message":"Too Many Requests"}`), nil
		case breaks:
			return nil, errBroken
		case mutes:
			to.take(numbers, 1, id)
			return nil, errBroken
		case picks:
			step = 2
		}
	}
	if superseded := to.take(numbers, step, id); superseded {
		return answer(r, http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`), nil
	}
	return answer(r, http.StatusOK, d.answer(numbers, step)), nil
}

// draw returns whether and how the next call fails. With a rate of 5 % it is one random
// call of every 20, and the ways take turns.
func (d *destination) draw(rate float64) (wrong bool, how way) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.calls
	d.calls++
	if rate == 0 {
		return false, 0
	}
	block := int(1 / rate)
	if at %= block; at == 0 {
		d.bad = rand.IntN(block)
	}
	if at != d.bad {
		return false, 0
	}
	d.faults++
	return true, d.ways[d.faults%len(d.ways)]
}

// take takes every step-th record of a request with an id. It reports whether a table has a
// later record in its place.
func (d *destination) take(numbers []int, step int, id string) (superseded bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := 0; i < len(numbers); i += step {
		known := false
		if d.memory != nil {
			known, superseded = d.memory.recognize(numbers[i], id)
		}
		if !known {
			d.log.take(numbers[i])
		}
	}
	return superseded
}

// numbers returns the numbers of the records of a request.
func (d *dialect) numbers(body []byte) (all []int, err error) {
	for {
		_, rest, found := bytes.Cut(body, []byte(d.record))
		if !found {
			return all, nil
		}
		data, after, _ := bytes.Cut(rest, []byte(d.end))
		body = after
		if d.end == "\n" {
			body = rest // the next one begins with it
		}
		if d.base64 {
			text := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
			n, err := base64.StdEncoding.Decode(text, data)
			if err != nil {
				return nil, err
			}
			data = text[:n]
		}
		from := bytes.IndexByte(data, ':') + 1
		n, err := strconv.Atoi(string(bytes.TrimRight(data[from:], `}"\`)))
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
}

// answer acknowledges every step-th record, and refuses the others.
func (d *dialect) answer(numbers []int, step int) string {
	var taken, refused []string
	for i, n := range numbers {
		switch {
		case d.taken == nil:
		case i%step == 0:
			taken = append(taken, d.taken(i, n))
		case d.lists:
			refused = append(refused, d.refused(i, n))
		default:
			taken = append(taken, d.refused(i, n))
		}
	}
	text := d.head + strings.Join(taken, ",")
	if d.lists {
		text += `],"Failed":[` + strings.Join(refused, ",")
	}
	return text + d.tail
}

// ServeHTTP implements http.Handler, for targets with a client of their own.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := s.RoundTrip(r) //nolint:bodyclose // an answer in memory holds nothing
	if err != nil {
		panic(http.ErrAbortHandler) // which breaks the connection
	}
	w.WriteHeader(resp.StatusCode)
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "Etag": {`"e"`}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
}
