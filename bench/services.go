package bench

import (
	"bytes"
	"cmp"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Services is a fake AWS that acknowledges the records of every request and does little
// else, so a benchmark measures its caller. It is an http.RoundTripper for callers within
// the process; Serve is for other callers and for the caches. It does not check requests;
// internal/testing/awsfake does.
type Services struct {
	Latency time.Duration // of every call; caches answer at once
	Faults  float64       // share of the records that Kinesis, Firehose and SQS refuse
	Query   []byte        // the answer of DynamoDB, except for LedgerTable

	calls   [numServices]atomic.Int64
	units   [numServices]atomic.Int64 // billed units
	payload atomic.Int64              // PUT payload units of Kinesis
	faults  faults
}

// LedgerTable is an empty table: the ledger of batches that never failed.
const LedgerTable = "ledger"

// service is one that is called.
type service int

const (
	kinesis service = iota
	firehose
	sqs
	sns
	es
	iot
	function
	cache
	cloudwatch // services from here on take no records
	dynamodb
	shards // of the Kinesis stream
	unknown
	numServices
)

// queueChunk is the unit of an SQS request in bytes (SQS pricing: every 64 KB of a
// payload is billed as one request).
const queueChunk = 64 << 10

// operations are the services by X-Amz-Target header.
var operations = map[string]service{
	"Kinesis_20131202.PutRecords":      kinesis,
	"Kinesis_20131202.ListShards":      shards,
	"Firehose_20150804.PutRecordBatch": firehose,
	"AmazonSQS.SendMessageBatch":       sqs,
	"AmazonSQS.SendMessage":            sqs,
	"DynamoDB_20120810.Query":          dynamodb,
}

// called returns the service of a request.
func called(r *http.Request, body []byte) service {
	target := r.Header.Get("X-Amz-Target")
	head := body[:min(len(body), 100)]
	switch to, ok := operations[target]; {
	case ok:
		return to
	case target != "":
		return unknown
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		return es
	case strings.HasSuffix(r.URL.Path, "/invocations"):
		return function
	case strings.HasPrefix(r.URL.Path, "/topics/"):
		return iot
	case bytes.Contains(head, []byte("Action=PublishBatch")):
		return sns
	case bytes.Contains(head, []byte("PutMetricData")), bytes.HasPrefix(body, []byte("\x1f\x8b")): // only metrics are compressed
		return cloudwatch
	}
	return unknown
}

// Calls returns the number of requests with records so far. For a cache, each command
// counts.
func (s *Services) Calls() (n int64) {
	for to := range cloudwatch {
		n += s.calls[to].Load()
	}
	return n
}

// Acknowledged returns the number of records taken so far by services that acknowledge
// each record.
func (s *Services) Acknowledged() int64 {
	return s.units[kinesis].Load() + s.units[firehose].Load() + s.units[es].Load()
}

// counted are the types of targets whose records Acknowledged counts.
var counted = map[string]bool{"kinesis": true, "firehose": true, "es": true}

// faults refuses a share of records, the same ones in every run.
type faults struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

// refuse reports whether to refuse the next record.
func (f *faults) refuse(share float64) bool {
	if share == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rnd == nil {
		f.rnd = rand.New(rand.NewPCG(1, 2))
	}
	return f.rnd.Float64() < share
}

// A result has the length of AWS results.
const (
	shardID        = "shardId-000000000001"
	sequenceNumber = "49543463076548007577105092703039560359975228518395012686"
	recordID       = "Jc6bXfQXLTG2pHTCpLPGGOj0JdZjqyh8LqyGBWXvRSyUg3sgJGQd4PwS2ZLRLFxRBpKmLw0oOjiGDqaPtAGYSNsXIuGLMXyUzQUFOBdkEHFK" +
		"8rMiBJo1GCVvNLlOGhCoLYCZfHAxWc4oz6xjhN9mW3nHUvl4Ms5oTPdNvbF2mYx6BVVvCzvJ0mkOhfYyLvSYM7v8V9yIpz2P"
	messageID = "5fea7756-0ea4-451a-a703-a558b933e274"
)

// answer appends the answer of a service to out.
func (s *Services) answer(out, body []byte, to service) []byte {
	s.calls[to].Add(1)
	switch to {
	case kinesis:
		n := bytes.Count(body, []byte(`"PartitionKey":`))
		s.payload.Add(int64(payloadUnits(body, n)))
		return s.results(out, to, n)
	case firehose:
		return s.results(out, to, bytes.Count(body, []byte(`"Data":`)))
	case sqs:
		s.units[sqs].Add(int64(len(body)+queueChunk-1) / queueChunk)
		return s.messages(out, body)
	case sns:
		return published(out, bytes.Count(body, []byte(".Id=")))
	case es:
		return s.created(out, body)
	case iot:
		return append(out, `{"message":"OK","traceId":"`+messageID+`"}`...)
	case function:
		return out
	case dynamodb:
		if bytes.Contains(body, []byte(`"TableName":"`+LedgerTable+`"`)) {
			return append(out, `{"Count":0,"Items":[]}`...)
		}
		return append(out, s.Query...)
	case shards:
		return append(out, shardList...)
	case cloudwatch:
		s.units[cloudwatch].Add(1)
		return append(out, `<PutMetricDataResponse/>`...)
	default:
		return append(out, `{"__type":"UnknownOperationException"}`...)
	}
}

// shardList is a stream with the one shard that answers name, as ListShards lists it.
const shardList = `{"Shards":[{"ShardId":"` + shardID + `","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},` +
	`"SequenceNumberRange":{"StartingSequenceNumber":"1"}}]}`

// payloadUnit is what Kinesis bills a record in, in bytes (Kinesis pricing, PUT payload
// units).
const payloadUnit = 25 << 10

// payloadUnits returns the payload units of a PutRecords request with n records. A record of
// a request with small ones takes a unit.
func payloadUnits(body []byte, n int) (units int) {
	if len(body) < n*payloadUnit/4 {
		return n
	}
	const begin = `"Data":"`
	for {
		_, rest, found := bytes.Cut(body, []byte(begin))
		if !found {
			return units
		}
		text, after, _ := bytes.Cut(rest, []byte(`"`))
		units += max(1, (len(text)/4*3+payloadUnit-1)/payloadUnit)
		body = after
	}
}

// forms are the answers of the services that take records.
var forms = [...]struct{ failures, list, result, code string }{
	kinesis: {`"FailedRecordCount":`, `"Records":[`,
		`{"SequenceNumber":"` + sequenceNumber + `","ShardId":"` + shardID + `"}`, `"InternalFailure"`},
	firehose: {`"FailedPutCount":`, `"Encrypted":false,"RequestResponses":[`,
		`{"RecordId":"` + recordID + `"}`, `"ServiceUnavailableException"`},
}

// results appends an answer for n records.
func (s *Services) results(out []byte, to service, n int) []byte {
	form := &forms[to]
	out = append(append(out, '{'), form.list...)
	refused := 0
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		if s.faults.refuse(s.Faults) {
			refused++
			out = append(append(append(out, `{"ErrorCode":`...), form.code...), `,"ErrorMessage":"Internal service failure."}`...)
			continue
		}
		out = append(out, form.result...)
	}
	s.units[to].Add(int64(n - refused))
	out = append(append(out, "],"...), form.failures...)
	return append(strconv.AppendInt(out, int64(refused), 10), '}')
}

// messages appends an answer for SQS messages, each by its id, or for a single message
// without one. Quotation marks within a message are escaped, so nothing in it looks like
// an id.
func (s *Services) messages(out, body []byte) []byte {
	var failed []byte
	out = append(out, `{"MessageId":"`+messageID+`","Successful":[`...)
	start := len(out)
	for {
		_, rest, ok := bytes.Cut(body, []byte(`"Id":"`))
		if !ok {
			break
		}
		id, rest, _ := bytes.Cut(rest, []byte(`"`))
		body = rest
		if s.faults.refuse(s.Faults) {
			failed = append(append(append(failed, `{"Id":"`...), id...), `","Code":"InternalError","SenderFault":false},`...)
			continue
		}
		out = append(append(append(out, `{"Id":"`...), id...), `","MessageId":"`+messageID+`"},`...)
	}
	if len(out) > start {
		out = out[:len(out)-1]
	}
	out = append(append(out, `],"Failed":[`...), bytes.TrimSuffix(failed, []byte(","))...)
	return append(out, "]}"...)
}

// published answers for n SNS messages.
func published(out []byte, n int) []byte {
	out = append(out, `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful>`...)
	for i := range n {
		out = strconv.AppendInt(append(out, `<member><Id>`...), int64(i), 10)
		out = append(out, `</Id><MessageId>`+messageID+`</MessageId></member>`...)
	}
	return append(out, `</Successful></PublishBatchResult></PublishBatchResponse>`...)
}

// created appends an answer for the documents of a _bulk request. Each document is on the
// line after its id.
func (s *Services) created(out, body []byte) []byte {
	out = append(out, `{"took":30,"errors":false,"items":[`...)
	const action = `{"create":{"_id":"`
	n := 0
	for ; bytes.HasPrefix(body, []byte(action)); n++ {
		id, rest, _ := bytes.Cut(body[len(action):], []byte(`"`))
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
		_, body, _ = bytes.Cut(rest, []byte("\n"))
		if n > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, `{"create":{"_index":"orders","_id":"`...), id...),
			`","_version":1,"result":"created","_shards":{"total":2,"successful":2,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}}`...)
	}
	s.units[es].Add(int64(n))
	return append(out, "]}"...)
}

// Statuses and content types that differ from 200 and the JSON of AWS.
var (
	statuses     = [numServices]int{unknown: http.StatusBadRequest, function: http.StatusAccepted}
	contentTypes = [numServices]string{sns: "text/xml", cloudwatch: "text/xml", es: "application/json", iot: "application/json"}
)

// status returns the status of the service's answers.
func (to service) status() int { return cmp.Or(statuses[to], http.StatusOK) }

// contentType returns the content type of the service's answers.
func (to service) contentType() string { return cmp.Or(contentTypes[to], "application/x-amz-json-1.1") }

// buffers keeps the memory of requests and answers for reuse; otherwise it would be most
// of the work.
var buffers = sync.Pool{New: func() any { return new(exchange) }}

type exchange struct {
	body bytes.Buffer
	out  []byte
}

// ServeHTTP implements http.Handler.
func (s *Services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, _ := buffers.Get().(*exchange)
	defer buffers.Put(x)
	x.body.Reset()
	x.body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	if _, err := x.body.ReadFrom(r.Body); err != nil {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	time.Sleep(s.Latency)
	to := called(r, x.body.Bytes())
	x.out = s.answer(x.out[:0], x.body.Bytes(), to)
	h := w.Header()
	h.Set("Content-Type", to.contentType())
	h.Set("Content-Length", strconv.Itoa(len(x.out)))
	w.WriteHeader(to.status())
	_, _ = w.Write(x.out) // a caller that is gone needs no answer
}

// RoundTrip implements http.RoundTripper.
func (s *Services) RoundTrip(r *http.Request) (*http.Response, error) {
	x, _ := buffers.Get().(*exchange)
	defer buffers.Put(x)
	x.body.Reset()
	if _, err := x.body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	time.Sleep(s.Latency)
	to := called(r, x.body.Bytes())
	answer := s.answer(nil, x.body.Bytes(), to)
	return &http.Response{
		StatusCode: to.status(), Request: r, ContentLength: int64(len(answer)),
		Header: http.Header{"Content-Type": {to.contentType()}},
		Body:   io.NopCloser(bytes.NewReader(answer)),
	}, nil
}
