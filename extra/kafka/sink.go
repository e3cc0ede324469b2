package kafka

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/internal/brokers"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

const (
	// maxRequest bounds the bytes of a request, unless a single record is larger.
	maxRequest = 4 << 20

	// standardRecord is the limit of a record. With its batch it is below the default of a
	// topic's max.message.bytes, 1,048,588 (Kafka documentation, Topic configs).
	standardRecord = 1_000_000

	// maxRecord is what maxRecordBytes may ask for. A broker reads requests of up to 100 MiB
	// (Kafka documentation, Broker configs, socket.request.max.bytes).
	maxRecord = 64 << 20

	maxRecords = 1000

	// maxBuffered bounds the records that wait in the client. Only records of attempts that
	// were cut short stay there.
	maxBuffered = 64 << 10
)

// patience is how long the client tries to send a record before the attempt fails. The client
// repeats requests itself, because only its repetitions leave no duplicates.
const patience = 10 * time.Second

// timeout bounds a connection attempt and the answer to a request.
const timeout = 5 * time.Second

// Sink writes records to a topic. Its producer is idempotent and waits for all in-sync
// replicas. The key decides the partition as in the Java client, so all records of a key, also
// those of other producers, are in one partition.
type Sink struct {
	to         brokers.Address
	source     string
	fromKafka  bool
	ownHeaders int
	limits     engine.Limits
	patience   time.Duration
	options    []kgo.Opt

	reached atomic.Bool // a broker has let the client in

	mu     sync.Mutex
	client *kgo.Client // nil until the first Send
	closed bool
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	login := brokers.Login{AnyCertificate: !env.VerifyTLS()}
	switch to := of(&s.Destination); {
	case to.SASL == brokers.IAM:
		cfg, err := awsenv.Config(env, s)
		if err != nil {
			return nil, err
		}
		login.Role = cfg.Credentials
	case to.Password() && s.Secret == "":
		return nil, engine.Errorf(engine.Permanent, "the target has no secret with user and password")
	case to.Password():
		login.Password = env.Credentials(s.Secret)
	}
	return newSink(s, login, patience), nil
}

func newSink(s *sinks.Spec, login brokers.Login, patience time.Duration) *Sink {
	record := standardRecord
	if s.MaxRecordBytes > 0 {
		record = s.MaxRecordBytes
	}
	k := &Sink{
		to: of(&s.Destination), patience: patience, source: s.SourceARN, fromKafka: awsname.IsKafka(s.SourceARN),
		ownHeaders: 3*headerOverhead + len(headerSource) + len(headerShard) + len(headerSequence) + len(s.SourceARN) + batchOverhead,
		limits: engine.Limits{
			Records: maxRecords, Bytes: max(maxRequest, record), RecordBytes: record,
			Copies: true, OnePerKey: true, // another partition may take its records, or this one a later batch
		},
	}
	k.options = append([]kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.ProducerBatchMaxBytes(int32(record + batchOverhead)),
		kgo.MaxBufferedRecords(maxBuffered),
		kgo.AllowIdempotentProduceCancellation(), // an attempt ends with its context
		kgo.DialTimeout(timeout),
		kgo.RequestRetries(2),
		kgo.ProduceRequestTimeout(timeout),
		kgo.RequestTimeoutOverhead(timeout),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.RetryBackoffFn(backoff),
	}, k.to.Options(login)...)
	return k
}

// backoff is the wait before the client's nth repetition.
func backoff(n int) time.Duration {
	most := min(50*time.Millisecond<<min(n, 6), time.Second)
	return most/2 + rand.N(most/2)
}

// String returns "kafka", a space and the destination.
func (s *Sink) String() string { return "kafka " + strings.Join(s.to.Hosts, ",") + "/" + s.to.Topic }

// Limits returns the limits of a request.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Sizer counts the data, the key and the headers.
func (s *Sink) Sizer() func(*engine.Record) int { return s.sizer }

// connect returns the client, which connects when it is first used.
func (s *Sink) connect() (*kgo.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, engine.Errorf(engine.Permanent, "%s: the target is closed", s)
	}
	if s.client == nil {
		client, err := kgo.NewClient(s.options...)
		if err != nil {
			return nil, engine.Errorf(engine.Permanent, "%s: the client cannot be made: %w", s, err)
		}
		s.client = client
	}
	return s.client, nil
}

// Close closes the connections. Do not use s afterwards.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.Close()
	}
	s.client, s.closed = nil, true
	return nil
}

// Send produces the records and waits until the brokers have acknowledged each.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	client, err := s.connect()
	if err != nil {
		return engine.Failed(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience) // the client's own limit counts from the time of a record
	defer cancel()
	if err := s.reach(ctx, client); err != nil {
		return engine.Failed(s.classify(err, true))
	}
	messages := make([]*kgo.Record, len(batch))
	for i := range batch {
		messages[i] = s.message(&batch[i])
	}
	errs := produce(ctx, client, messages)
	refused := 0
	for _, err := range errs {
		if isRefusal(err) {
			refused++
		}
	}
	if refused == 1 && len(batch) == 1 {
		errs = s.alone(ctx, messages)
	} else if refused == len(batch) {
		return engine.Failed(s.classify(errs[0], true))
	}
	var o engine.Outcome
	for i, err := range errs {
		if err != nil {
			o.Fail(i, s.classify(err, len(batch) == 1))
		}
	}
	return o
}

// reach asks a broker for an answer until there was one. The producer would not say why no broker
// lets it in.
func (s *Sink) reach(ctx context.Context, client *kgo.Client) error {
	if s.reached.Load() {
		return nil
	}
	err := client.Ping(ctx)
	s.reached.Store(err == nil)
	return err
}

// errUnknown is the error of a record whose attempt ended without an answer.
var errUnknown = errors.New("the attempt ended first")

// produce sends messages and returns the error of each. If ctx ends first, it returns at once.
func produce(ctx context.Context, client *kgo.Client, messages []*kgo.Record) []error {
	type answer struct {
		i   int
		err error
	}
	answers := make(chan answer, len(messages)) // so that a late answer blocks nothing
	for i, m := range messages {
		client.TryProduce(ctx, m, func(_ *kgo.Record, err error) { answers <- answer{i, err} })
	}
	errs := make([]error, len(messages))
	for i := range errs {
		errs[i] = errUnknown
	}
	for range messages {
		select {
		case a := <-answers:
			errs[a.i] = a.err
		case <-ctx.Done():
			return errs
		}
	}
	return errs
}

// alone sends one message with a client of its own. A broker refuses a batch as a whole, and a
// batch of the shared client may hold records of other requests.
func (s *Sink) alone(ctx context.Context, messages []*kgo.Record) []error {
	client, err := kgo.NewClient(s.options...)
	if err != nil {
		return []error{err}
	}
	defer client.Close()
	return produce(ctx, client, messages)
}
