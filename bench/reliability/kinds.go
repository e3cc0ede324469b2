package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/faultproxy"
	"fanout/internal/testing/memcachedfake"
)

// kind is a column of the matrix: a type of target.
type kind struct {
	name    string
	family  family
	many    bool   // a request holds many records, and some can be refused
	keeps   bool   // the target keeps the last record of each key
	repeats bool   // a record sent twice arrives twice: the target cannot recognize it
	scheme  string // of a destination over TLS; "": the test has no TLS option

	// target returns the attributes of a target behind the proxy at addr, with scheme.
	target func(scheme, addr string) string

	start func(c *cell) (server, error) // nil: the cell's AWS
	taken string                        // destination of the cell's AWS
}

// server holds the records of a kind.
type server interface {
	Addr() string
	Taken() ([]string, error) // data of records, in the order of arrival
	Close()
}

const queues = "https://sqs.eu-west-1.amazonaws.com/123456789012/"

// kinds returns the columns of the matrix.
func kinds() []kind {
	fixed := func(attributes string) func(string, string) string {
		return func(string, string) string { return attributes }
	}
	return []kind{
		{name: "kinesis", many: true, repeats: true, scheme: "https", taken: "kinesis/copy",
			target: fixed("type: kinesis, destination: copy, batchRecords: 10")},
		{name: "firehose", many: true, repeats: true, scheme: "https", taken: "firehose/lake",
			target: fixed("type: firehose, destination: lake, batchRecords: 10")},
		{name: "sqs", many: true, repeats: true, scheme: "https", taken: "sqs/queue",
			target: fixed("type: sqs, collapse: none, destination: " + queues + "queue")},
		{name: "sqs fifo", many: true, scheme: "https", taken: "sqs/queue.fifo",
			target: fixed("type: sqs, collapse: none, destination: " + queues + "queue.fifo")},
		{name: "sns", many: true, repeats: true, scheme: "https", taken: "sns/topic",
			target: fixed("type: sns, collapse: none, destination: 'arn:aws:sns:eu-west-1:123456789012:topic'")},
		{name: "es", many: true, scheme: "https", taken: "es/orders",
			target: func(scheme, addr string) string {
				return fmt.Sprintf("type: es, batchRecords: 10, destination: '%s://%s#orders'", scheme, addr)
			}},
		{name: "dynamodb", many: true, keeps: true, scheme: "https", start: startTable,
			target: fixed("type: dynamodb, transform: '{id: $key, n}', destination: copy, batchRecords: 10")},
		{name: "eventbridge", many: true, repeats: true, scheme: "https", taken: "eventbridge/bus",
			target: fixed("type: eventbridge, destination: bus")},
		{name: "stepfunctions", scheme: "https", taken: "states/machine",
			target: fixed("type: stepfunctions, collapse: none, destination: 'arn:aws:states:eu-west-1:123456789012:stateMachine:machine'")},
		{name: "iot", repeats: true, scheme: "https", taken: "iot/orders",
			target: fixed("type: iot, collapse: none, destination: 'abc-ats.iot.eu-west-1.amazonaws.com#orders'")},
		{name: "lambda", repeats: true, scheme: "https", taken: "lambda/worker",
			target: fixed("type: lambda, batchRecords: 10, destination: worker")},
		{name: "http", family: overPost, scheme: "https", start: startWeb,
			target: func(scheme, addr string) string {
				return fmt.Sprintf("type: http, collapse: none, destination: '%s://%s/orders'", scheme, addr)
			}},
		{name: "s3", scheme: "https", taken: "s3/lake",
			target: fixed("type: s3, destination: s3://lake/orders, batchRecords: 10")},
		{name: "redis", family: overRESP, many: true, keeps: true, scheme: "rediss", start: startRedis,
			target: func(scheme, addr string) string {
				if scheme != "rediss" {
					scheme = "redis"
				}
				return fmt.Sprintf("type: redis, batchRecords: 10, destination: '%s://%s'", scheme, addr)
			}},
		{name: "memcached", family: overText, many: true, keeps: true, start: startMemcached,
			target: func(_, addr string) string {
				return fmt.Sprintf("type: memcached, batchRecords: 10, destination: '%s'", addr)
			}},
		{name: "file", family: onDisk, many: true, repeats: true, start: startFile,
			target: func(_, path string) string {
				return fmt.Sprintf("type: file, batchRecords: 10, destination: '%s'", path)
			}},
	}
}

// cloud is an AWS with one destination under test.
type cloud struct {
	*awsfake.Server
	destination string
}

func (c cloud) Addr() string { return strings.TrimPrefix(c.URL(), "http://") }

func (c cloud) Taken() (all []string, err error) {
	for _, r := range c.Records(c.destination) {
		if r.Key == "" {
			all = append(all, string(r.Data))
			continue
		}
		for line := range strings.Lines(string(r.Data)) {
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
	}
	return all, nil
}

// tableServer is a table of the cell's AWS.
type tableServer struct{ cloud }

func startTable(c *cell) (server, error) {
	c.aws.SetTable("copy", "id", "")
	return tableServer{cloud{Server: c.aws}}, nil
}

func (tableServer) Close() {} // the cell closes its AWS

func (s tableServer) Taken() (all []string, err error) {
	for _, item := range s.Items("copy") {
		all = append(all, fmt.Sprintf(`{"n":%v}`, item["n"]["N"]))
	}
	return all, nil
}

// webServer is a web server in this process. It drops a request whose Idempotency-Key it has
// seen.
type webServer struct {
	*httptest.Server
	mu    sync.Mutex
	seen  map[string]bool
	taken []string
}

func startWeb(*cell) (server, error) {
	s := &webServer{seen: make(map[string]bool)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		key := r.Header.Get("Idempotency-Key")
		if err != nil || key == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.seen[key] {
			s.seen[key], s.taken = true, append(s.taken, string(body))
		}
	}))
	return s, nil
}

func (s *webServer) Addr() string { return s.Listener.Addr().String() }

func (s *webServer) Taken() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken), nil
}

// redisServer is a Redis in this process. It keeps the last record of each key.
type redisServer struct{ *miniredis.Miniredis }

func startRedis(*cell) (server, error) {
	s := miniredis.NewMiniRedis()
	return redisServer{s}, s.Start()
}

func (s redisServer) Taken() (all []string, err error) {
	for _, key := range s.Keys() {
		v, err := s.Get(key)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// memcachedServer is a memcached in this process.
type memcachedServer struct{ *memcachedfake.Server }

func startMemcached(*cell) (server, error) {
	s, err := memcachedfake.Start(memcachedfake.Options{})
	return memcachedServer{s}, err
}

func (s memcachedServer) Addr() string { return s.Address() }

func (s memcachedServer) Taken() (all []string, err error) {
	for _, item := range s.Items() {
		all = append(all, string(item.Data))
	}
	return all, nil
}

// fileServer is a file in a folder of its own.
type fileServer string

func startFile(c *cell) (server, error) {
	folder := filepath.Join(c.dir, "target")
	return fileServer(filepath.Join(folder, "records.jsonl")), os.MkdirAll(folder, 0o700)
}

func (s fileServer) Addr() string { return string(s) }
func (s fileServer) Close()       {} // the cell removes it

func (s fileServer) Taken() (all []string, err error) {
	f, err := os.Open(string(s))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l struct{ Data string }
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, err
		}
		all = append(all, l.Data)
	}
	return all, nil
}

// proxyOf returns the protocol that a proxy before a family must know.
func proxyOf(f family) faultproxy.Protocol {
	switch f {
	case overRESP:
		return faultproxy.Redis
	case overText:
		return faultproxy.Memcached
	default:
		return faultproxy.HTTP
	}
}
