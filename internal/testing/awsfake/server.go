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
	// PageSize is the limit of items in one answer to DynamoDB Query; 0: no limit.
	PageSize int

	url    string
	http   http.Server
	done   chan struct{} // closed by Close; ends delays
	served chan struct{} // closed when the listener has ended
	active sync.WaitGroup

	mu     sync.Mutex
	onCall func(Call) *Fault
	calls  []Call
	taken  map[string][]Record
	dedup  map[string]bool // destination, NUL, deduplication id
	docs   map[string]bool // destination, NUL, _id of the existing documents
	limits map[string]int
	shards map[string][]shards // as set, the current ones last
	tables map[string]*table
	queues map[string][]*queued

	executions map[string]string // inputs by ARN
	flying     int
	peak       int
}

// Call is one request.
type Call struct {
	N           int    // 1 for the server's first
	Service     string // kinesis, firehose, sqs, sns, dynamodb, sts, es, aoss, iot, lambda, eventbridge, states, s3
	Operation   string // PutRecords, …
	Destination string // name of the stream, queue, topic, table, index or function, s3/ and the bucket; ARN of the role
	Region      string // of the signature
	AccessKey   string // id of the access key in the signature
	ExternalID  string // in AssumeRole
	User        string // in basic authentication, es
	Key         string // of the item, in PutItem and DeleteItem
	Records     int    // or messages
	Bytes       int    // of the body as sent
	Trace       string // header X-Amzn-Trace-Id
}

// Record is one record or message that the server took.
type Record struct {
	Data            []byte
	Key             string               // S3: of the object
	ContentType     string               // S3
	PartitionKey    string               // Kinesis
	HashKey         string               // Kinesis, if explicit
	Shard           string               // Kinesis, after SetShards
	GroupID         string               // SQS and SNS
	DeduplicationID string               // SQS and SNS
	Trace           string               // SQS: AWSTraceHeader; eventbridge, states
	Attributes      map[string]Attribute // SQS and SNS
	ID              string               // es: _id
	Action          string               // es: index, create, delete
	DocType         string               // es: _type
	Source          string               // eventbridge
	DetailType      string               // eventbridge
	Name            string               // states: of the execution
}

// Attribute is a message attribute.
type Attribute struct {
	Type  string // String, Binary
	Value string // raw bytes, also for Binary
}

// Fault is a fault of a call. Zero fields have no effect.
type Fault struct {
	Delay time.Duration // wait before anything else

	Drop  bool // close the connection, with no effect
	After bool // let the call take effect, then close the connection

	// Code fails the call with an error in the service's form, and with Status (400 if
	// zero) and Message.
	Code       string
	Status     int
	Message    string
	RetryAfter time.Duration // a Retry-After header, in seconds

	Body []byte // answer this, with Status (200 if zero), and with no effect

	Refuse map[int]string // records to refuse, with the code of each
}

// Start returns a server that listens on a free loopback port.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := New()
	s.url = "http://" + l.Addr().String()
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends with Close; the error has no receiver
	}()
	return s, nil
}

// New returns a server that listens nowhere. Pass requests to its ServeHTTP, and do not close
// it.
func New() *Server {
	s := &Server{
		done:   make(chan struct{}),
		taken:  make(map[string][]Record),
		dedup:  make(map[string]bool),
		docs:   make(map[string]bool),
		limits: make(map[string]int),
		shards: make(map[string][]shards),
		tables: make(map[string]*table),
		queues: make(map[string][]*queued),

		executions: make(map[string]string),
	}
	s.http = http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	return s
}

// URL returns the endpoint for every service, http://127.0.0.1:port.
func (s *Server) URL() string { return s.url }

// Close closes all connections and waits for running calls. Call it once.
func (s *Server) Close() {
	close(s.done)
	_ = s.http.Close()
	<-s.served
	s.active.Wait()
}

// OnCall makes decide return the fault of each call from now on. A nil decide, or a nil
// result, means no fault. The server calls decide before the call takes effect,
// concurrently for concurrent calls.
func (s *Server) OnCall(decide func(Call) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = decide
}

// Records returns the records that destination ("kinesis/orders") took, in order.
func (s *Server) Records(destination string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken[destination])
}

// Destinations returns the names of all destinations with records, sorted.
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

// Peak returns the maximum number of concurrent calls.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// SetLimit sets the limit, in bytes, of destination as its owner can: of a record
// (kinesis), a message (sqs), a message and a request (sns), or a request (es).
func (s *Server) SetLimit(destination string, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[destination] = bytes
}

// limit returns the limit of destination, or otherwise if none is set.
func (s *Server) limit(destination string, otherwise int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.limits[destination]; ok {
		return n
	}
	return otherwise
}

// take stores the accepted records of destination. Of several records with the same
// deduplication id it stores the first.
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

// begin records a call, assigns its number and returns the function that decides its
// fault.
func (s *Server) begin(c Call) (Call, func(Call) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.N = len(s.calls) + 1
	s.calls = append(s.calls, c)
	return c, s.onCall
}

// enter counts a running request until the returned function is called.
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
