package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
)

// Handler takes one Lambda event and returns its answer, as a function does.
//
// An answer {"batchItemFailures":[{"itemIdentifier":"…"}]} acknowledges the records
// before the first that it names by sequence number; no answer, null, or one
// without such failures acknowledges all. An error acknowledges none. ctx has the
// invocation's deadline, by which the handler must return: nobody can end it, and
// the records behind the batch wait for it. It is called concurrently for
// different shards, never for one, and may keep event.
type Handler func(ctx context.Context, event []byte) (answer []byte, err error)

// Options say how a [Poller] reads and delivers.
type Options struct {
	Start     Start         // where shards without a checkpoint begin
	BatchSize int           // records in an event, 1 to 10,000; 0: 100
	Shards    int           // shards read or delivered at a time; 0: 10
	Timeout   time.Duration // of one invocation; 0: 30 s
	Interval  time.Duration // between reads of a shard with nothing new, at least 200 ms; 0: 1 s

	// Once ends the run when every shard that was there at its start has been read
	// to its end or, if it is open, its tip, and delivered.
	Once bool

	// GiveUp ends the run with an error when records of a shard were handed over so
	// often, one invocation after another, and none was acknowledged; 0: never.
	GiveUp int

	Checkpoints    Checkpoints // nil: in memory
	InvokeIdentity string      // the invokeIdentityArn of Kinesis events
	Log            *zap.Logger // nil: no log
}

const (
	defaultBatchSize = 100 // Lambda's own
	defaultShards    = 10
	defaultTimeout   = 30 * time.Second
	defaultInterval  = time.Second

	maxBatchSize = 10_000 // of Lambda's event source mappings

	// minInterval keeps a reader within the five reads a second that a Kinesis
	// shard allows (GetRecords, API reference).
	minInterval = 200 * time.Millisecond

	// callTimeout bounds one call of the stream's API. An answer takes far less,
	// so a call that takes longer hangs.
	callTimeout = 30 * time.Second
)

// check returns o with its defaults, or every fault it has.
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
		fault("Start is %v, which is yet to come; choose a time that has passed, or LATEST", o.Start)
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

// Poller reads one stream. Make it with [NewKinesis] or [NewDynamoDB].
type Poller struct {
	opts   Options
	source source
	handle Handler
	slots  *semaphore.Weighted // a shard at work holds one
	clock  clock               // of the source
	board  board
}

// newPoller returns a Poller that lacks its source.
func newPoller(h Handler, o Options) *Poller {
	return &Poller{
		opts:   o,
		handle: h,
		slots:  semaphore.NewWeighted(int64(o.Shards)),
		board:  newBoard(),
	}
}

// source is a stream of either service.
type source interface {
	arn() string

	// shards lists every shard that the stream still has records of, or may get.
	shards(ctx context.Context) ([]shard, error)

	// iterator returns where to read the shard from.
	iterator(ctx context.Context, shard string, at position) (string, error)

	// read returns the next records.
	read(ctx context.Context, shard, iterator string) (page, error)

	// permissions are the IAM actions that reading needs.
	permissions() string
}

// shard is one shard of a listing.
type shard struct {
	id      string
	parents []string // one after a split, two after a merge
	closed  bool     // takes no more records
}

// page is the answer to one read.
type page struct {
	records []record
	empty   bool          // it had no records, not even some that the reader leaves out
	next    string        // the next iterator; "": the shard has ended
	behind  time.Duration // from the tip of the stream; unknown: the service does not say
}

const unknown = time.Duration(-1)

// record is one record of a shard.
type record struct {
	seq     string
	arrived time.Time
	json    []byte // as a Lambda event has it
}
