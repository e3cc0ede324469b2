package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"fanout/internal/awsname"
)

// Handler takes one Lambda event and returns its answer, like a Lambda function.
//
// An answer {"batchItemFailures":[{"itemIdentifier":"…"}]} acknowledges the records
// before the first that it names by sequence number. No answer, null, or an answer
// without such failures acknowledges all. An error acknowledges none. ctx has the
// invocation's deadline. The handler must return by then, because it cannot be
// stopped and later records wait for it. It is called concurrently for different
// shards, never for one. It may keep event.
type Handler func(ctx context.Context, event []byte) (answer []byte, err error)

// Options say how a [Poller] reads and delivers.
type Options struct {
	Start     Start         // where shards without a checkpoint begin
	BatchSize int           // records in an event, 1 to 10,000; 0: 100
	Shards    int           // shards read or delivered at a time; 0: 10
	Timeout   time.Duration // of one invocation; 0: 30 s
	Interval  time.Duration // between reads of a shard with nothing new, at least 200 ms; 0: 1 s

	// Once ends the run when every shard that existed at its start has been delivered
	// up to its end, or up to its tip if it is open.
	Once bool

	// Until, if set, leaves out records that arrived then or later. With Once, a shard ends
	// where no earlier ones follow.
	Until time.Time

	// GiveUp ends the run with an error after that many invocations in a row for
	// records of one shard, with none acknowledged; 0: never.
	GiveUp int

	Checkpoints    Checkpoints // nil: in memory
	InvokeIdentity string      // the invokeIdentityArn of Kinesis events
	Log            *zap.Logger // nil: no log
}

const (
	defaultBatchSize = 100 // Lambda's default
	defaultShards    = 10
	defaultTimeout   = 30 * time.Second
	defaultInterval  = time.Second

	maxBatchSize = 10_000 // Lambda's limit on event source mappings

	// minInterval keeps a reader within the five reads a second of a Kinesis shard
	// (GetRecords, API reference).
	minInterval = 200 * time.Millisecond

	// callTimeout bounds one call of the stream's API. Answers are much faster,
	// so a longer call hangs.
	callTimeout = 30 * time.Second
)

// check returns o with its defaults, or an error with every fault.
func (o Options) check() (Options, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if o.BatchSize < 0 || o.BatchSize > maxBatchSize {
		fault("BatchSize is %d; it must be 1 to %d", o.BatchSize, maxBatchSize)
	}
	if o.Shards < 0 {
		fault("Shards is %d; it must be 1 or more", o.Shards)
	}
	if o.GiveUp < 0 {
		fault("GiveUp is %d; it must be 1 or more", o.GiveUp)
	}
	if o.Timeout < 0 {
		fault("Timeout is %v; it must be longer than 0", o.Timeout)
	}
	if o.Interval != 0 && o.Interval < minInterval {
		fault("Interval is %v; it must be %v or longer", o.Interval, minInterval)
	}
	if o.Start.at.After(time.Now()) {
		fault("Start is %v, which is in the future; choose a time in the past, or LATEST", o.Start)
	}
	orDefault(&o.BatchSize, defaultBatchSize)
	orDefault(&o.Shards, defaultShards)
	orDefault(&o.Timeout, defaultTimeout)
	orDefault(&o.Interval, defaultInterval)
	if o.Checkpoints == nil {
		o.Checkpoints = NewMemory()
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o, errors.Join(faults...)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Poller reads one stream or topic. Make it with [NewKinesis], [NewDynamoDB] or [NewTopic].
type Poller struct {
	opts   Options
	source source
	form   func(shard string) form
	handle Handler
	slots  *semaphore.Weighted // a shard at work holds one
	clock  Clock               // of the source
	board  progressBoard
}

// newPoller returns a Poller without a source.
func newPoller(h Handler, o Options) *Poller {
	return &Poller{
		opts:   o,
		handle: h,
		form:   func(string) form { return recordsForm },
		slots:  semaphore.NewWeighted(int64(o.Shards)),
		board:  newProgressBoard(),
	}
}

// source is a stream of one of the services.
type source interface {
	arn() string

	// shards lists every shard that has records or may get some.
	shards(ctx context.Context) ([]shard, error)

	// iterator returns an iterator at the given position of the shard.
	iterator(ctx context.Context, shard string, at position) (string, error)

	// read returns the next records.
	read(ctx context.Context, shard, iterator string) (page, error)

	// permissions lists the IAM actions that reading needs.
	permissions() string
}

// named returns the name of a source with its kind.
func named(source string) string {
	if awsname.IsKafka(source) {
		return "topic " + source
	}
	return "stream " + source
}

// shard is one shard of a listing.
type shard struct {
	id      string
	parents []string // one after a split, two after a merge
	closed  bool     // it takes no more records
	last    *string  // the sequence number of its last record, "" if it has none; nil: the service does not say
}

// page is the answer to one read.
type page struct {
	records []record
	empty   bool          // the service returned no records at all, not even some that the reader skips
	next    string        // the next iterator; "": the shard has ended
	behind  time.Duration // from the tip of the stream; unknown: the service does not say
}

const unknown = time.Duration(-1)

// record is one record of a shard.
type record struct {
	seq     string
	arrived time.Time
	json    []byte // in the form of a Lambda event
}

// JSON returns the record in the form of a Lambda event.
func (r record) JSON() []byte { return r.json }
