package awsfake

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is a fake AWS endpoint. It is safe for concurrent use.
type Server struct {
	// PageSize bounds the items of one answer to DynamoDB Query; 0: no bound.
	PageSize int

	url    string
	http   http.Server
	done   chan struct{} // closed by Close; ends delays
	served chan struct{} // closed when the listener is gone
	active sync.WaitGroup

	mu     sync.Mutex
	onCall func(Call) *Fault
	calls  []Call
	taken  map[string][]Record
	dedup  map[string]bool // destination, NUL, deduplication id
	docs   map[string]bool // destination, NUL, _id of the documents that are there
	limits map[string]int
	tables map[string]*table
	queues map[string][]*queued
	flying int
	peak   int
}

// Call is one request.
type Call struct {
	N           int    // 1 for the server's first
	Service     string // kinesis, firehose, sqs, sns, dynamodb, sts, es, aoss, iot, lambda
	Operation   string // PutRecords, …
	Destination string // name of the stream, queue, topic, table, index or function; ARN of the role
	Region      string // it was signed for
	AccessKey   string // id of the access key it was signed with
	ExternalID  string // of AssumeRole
	User        string // of basic authentication, es
	Records     int    // or messages
	Bytes       int    // of the body as sent
}

// Record is one record or message that was taken.
type Record struct {
	Data            []byte
	PartitionKey    string               // Kinesis
	HashKey         string               // Kinesis, if explicit
	GroupID         string               // SQS and SNS
	DeduplicationID string               // SQS and SNS
	Attributes      map[string]Attribute // SQS and SNS
	ID              string               // es: _id
	Action          string               // es: index, create, delete
	DocType         string               // es: _type
}

// Attribute is a message attribute.
type Attribute struct {
	Type  string // String, Binary
	Value string // of either type; Binary is not in base64
}

// Fault is what goes wrong with a call. Fields that are zero do nothing.
type Fault struct {
	Delay time.Duration // wait before anything else

	Drop  bool // close the connection, with no effect
	After bool // let the call take effect, then close the connection

	// Code fails the call with an error of the service's form, and with Status
	// (400 if zero) and Message.
	Code       string
	Status     int
	Message    string
	RetryAfter time.Duration // a Retry-After header, in seconds

	Body []byte // answer this, with Status (200 if zero), and with no effect

	Refuse map[int]string // records to refuse, and the code of each
}

// Start returns a server that listens on a free loopback port.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		url:    "http://" + l.Addr().String(),
		done:   make(chan struct{}),
		served: make(chan struct{}),
		taken:  make(map[string][]Record),
		dedup:  make(map[string]bool),
		docs:   make(map[string]bool),
		limits: make(map[string]int),
		tables: make(map[string]*table),
		queues: make(map[string][]*queued),
	}
	s.http = http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // it ends with Close, and there is nobody to tell
	}()
	return s, nil
}

// URL is the endpoint for every service, http://127.0.0.1:port.
func (s *Server) URL() string { return s.url }

// Close breaks all connections and waits until no call is under way. Close it once.
func (s *Server) Close() {
	close(s.done)
	_ = s.http.Close()
	<-s.served
	s.active.Wait()
}

// OnCall makes decide say what goes wrong with each call from now on; nil, there and
// as its answer, is nothing. It is called before the call takes effect, concurrently
// for concurrent calls.
func (s *Server) OnCall(decide func(Call) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = decide
}

// Records returns what destination ("kinesis/orders") took, in order.
func (s *Server) Records(destination string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken[destination])
}

// Destinations returns the names of all destinations that took something, sorted.
func (s *Server) Destinations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.taken {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Calls returns all calls, in order of arrival.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Peak returns the most calls that were under way at once.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// SetLimit sets how many bytes destination takes in a record (kinesis), a message
// (sqs), a message and a request (sns), or a request (es), as its owner can.
func (s *Server) SetLimit(destination string, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[destination] = bytes
}

// limit returns the limit of destination, otherwise if none was set.
func (s *Server) limit(destination string, otherwise int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.limits[destination]; ok {
		return n
	}
	return otherwise
}

// take records what destination accepted. Of several records with the same
// deduplication id the first counts.
func (s *Server) take(destination string, recs []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range recs {
		if r.DeduplicationID != "" {
			id := destination + "\x00" + r.DeduplicationID
			if s.dedup[id] {
				continue
			}
			s.dedup[id] = true
		}
		s.taken[destination] = append(s.taken[destination], r)
	}
}

// begin books a call, gives it its number and returns who decides about it.
func (s *Server) begin(c Call) (Call, func(Call) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.N = len(s.calls) + 1
	s.calls = append(s.calls, c)
	return c, s.onCall
}

// enter counts a request that is under way until the function it returns is called.
func (s *Server) enter() (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active.Add(1)
	s.flying++
	s.peak = max(s.peak, s.flying)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flying--
		s.active.Done()
	}
}
