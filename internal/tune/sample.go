package tune

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"fanout/internal/jsontext"
	"fanout/lambda/event"
)

// Sample holds records of one stream, as Lambda delivers them, in their order.
type Sample struct {
	Source string     // ARN of the stream
	Kind   event.Kind // Kinesis or DynamoDB
	Shards int        // source shards of the records, if they name them; at least 1

	records []sampled
	whole   span    // of all records
	rate    float64 // records a second, by arrival times; 0: unknown
	lane    string  // the shard that batches are made of
}

type sampled struct {
	json []byte
	key  uint32 // hash of the partition key
	lane string
}

// maxEvent is the limit on the payload of an invocation (Lambda quotas).
const maxEvent = 6 << 20

// NewSample reads events. They must come from one stream: a topic has no batches to
// tune, and two streams have separate mappings. The Sample keeps the events.
func NewSample(events ...[]byte) (*Sample, error) {
	s := new(Sample)
	lanes := make(map[string]*span)
	for _, data := range events {
		batches, err := event.Decode(data)
		if err != nil {
			return nil, err
		}
		for _, b := range batches {
			switch {
			case b.Kind == event.SNS:
				return nil, fmt.Errorf("the sample is from the topic %s; SNS invokes the function for each message, so tune works only for streams", b.SourceARN)
			case b.Kind == event.SQS:
				return nil, fmt.Errorf("the sample is from the queue %s; Lambda scales the readers of a queue itself, so tune works only for streams", b.SourceARN)
			case b.Kind == event.Kafka:
				return nil, fmt.Errorf("the sample is from the Kafka topic %s; tune works only for Kinesis and DynamoDB streams", b.SourceARN)
			case s.Source != "" && b.SourceARN != s.Source:
				return nil, fmt.Errorf("the sample has records of %s and %s; each has its own mapping, so tune one at a time", s.Source, b.SourceARN)
			}
			s.Source, s.Kind = b.SourceARN, b.Kind
			for _, r := range b.Records {
				h := fnv.New32a()
				_, _ = h.Write([]byte(r.Key)) // a hash never fails
				s.records = append(s.records, sampled{r.Raw, h.Sum32(), r.Lane})
				if lanes[r.Lane] == nil {
					lanes[r.Lane] = new(span)
				}
				lanes[r.Lane].add(r.Arrived)
				s.whole.add(r.Arrived)
			}
		}
	}
	if len(s.records) == 0 {
		return nil, errors.New("the sample has no records")
	}
	s.Shards, s.lane = len(lanes), s.records[0].lane
	for _, l := range lanes {
		s.rate += l.rate()
	}
	s.rate = max(s.rate, s.whole.rate())
	return s, nil
}

// span summarizes the arrivals of records, in Unix milliseconds.
type span struct {
	first, last int64
	n           int
}

func (s *span) add(arrived int64) {
	if arrived <= 0 {
		return // unknown
	}
	if s.n == 0 || arrived < s.first {
		s.first = arrived
	}
	s.last = max(s.last, arrived)
	s.n++
}

func (s *span) duration() time.Duration { return time.Duration(s.last-s.first) * time.Millisecond }

// rate returns records a second, or 0 if all arrived at the same time.
func (s *span) rate() float64 {
	if s.last <= s.first {
		return 0
	}
	return float64(s.n-1) * 1000 / float64(s.last-s.first)
}

// Records returns the number of records.
func (s *Sample) Records() int { return len(s.records) }

// RecordBytes returns the average size of a record in an event, in bytes.
func (s *Sample) RecordBytes() float64 {
	n := 0
	for i := range s.records {
		n += len(s.records[i].json) + len(",")
	}
	return float64(n) / float64(len(s.records))
}

// MaxBatch returns how many records fit into an event, on average.
func (s *Sample) MaxBatch() int { return max(1, int(maxEvent/s.RecordBytes())) }

// Load is the load to plan for.
type Load struct {
	RecordsPerSecond float64 `json:"recordsPerSecond" yaml:"recordsPerSecond"` // of the whole stream
	Shards           int     `json:"shards" yaml:"shards"`
	Derived          bool    `json:"derived" yaml:"derived"` // the rate comes from the sample
}

// Load returns the load to plan for: perSecond records on the given shards. A zero
// is replaced by the sample's value. The rate then comes from the arrival times of
// each shard, scaled to the planned shards.
func (s *Sample) Load(perSecond float64, shards int) (Load, error) {
	l := Load{RecordsPerSecond: perSecond, Shards: shards}
	if shards == 0 {
		l.Shards = s.Shards
	}
	if perSecond > 0 {
		return l, nil
	}
	if s.rate == 0 {
		return l, errors.New("the records of the sample all arrived at the same time, so they have no rate; add --records-per-second N")
	}
	l.RecordsPerSecond, l.Derived = s.rate*float64(l.Shards)/float64(s.Shards), true
	return l, nil
}

// Event returns an event of n records, or as many as fit, and their number. It
// takes the sample's records in order, as if from one shard, and starts again at
// the end. Of factor lanes it takes the partition keys of one, like a mapping with
// that parallelization factor.
func (s *Sample) Event(n, factor int) (data []byte, records int, err error) {
	mine := s.ofLane(factor)
	b := bytes.NewBufferString(`{"Records":[`)
	for ; records < n; records++ {
		r := &s.records[mine[records%len(mine)]]
		text := r.json
		if records >= len(mine) || r.lane != s.lane {
			if text, err = s.renumber(r, records); err != nil {
				return nil, 0, err
			}
		}
		if records > 0 {
			if b.Len()+len(text)+len(",]}") > maxEvent {
				break
			}
			b.WriteByte(',')
		}
		b.Write(text)
	}
	b.WriteString("]}")
	return b.Bytes(), records, nil
}

// ofLane returns the indexes of the records in one of factor lanes.
func (s *Sample) ofLane(factor int) []int {
	var mine, all []int
	lane := s.records[0].key % uint32(factor) //nolint:gosec // 1 to 10
	for i := range s.records {
		all = append(all, i)
		if s.records[i].key%uint32(factor) == lane { //nolint:gosec // 1 to 10
			mine = append(mine, i)
		}
	}
	if len(mine) == 0 {
		return all
	}
	return mine
}

// renumber returns the record as number i of the sample's first shard. Without new
// numbers, repeated records would count as one.
func (s *Sample) renumber(r *sampled, i int) ([]byte, error) {
	var all, part map[string]json.RawMessage
	if err := json.Unmarshal(r.json, &all); err != nil {
		return nil, err
	}
	member, number := "kinesis", "sequenceNumber"
	if s.Kind == event.DynamoDB {
		member, number = "dynamodb", "SequenceNumber"
	}
	if json.Unmarshal(all[member], &part) != nil {
		return r.json, nil // the function will report the fault
	}
	seq := strconv.FormatUint(math.MaxUint32+uint64(i), 10) //nolint:gosec // i is not negative
	if width := len(part[number]) - len(`""`); width > len(seq) {
		seq = fmt.Sprintf("1%0*s", width-1, seq)
	}
	id := seq
	if s.Kind == event.Kinesis {
		id = s.lane + ":" + seq
	}
	part[number], all["eventID"] = quoted(seq), quoted(id)
	var err error
	if all[member], err = unescaped(part); err != nil {
		return nil, err
	}
	return unescaped(all)
}

func quoted(s string) json.RawMessage { return jsontext.AppendString(nil, s) }

// unescaped is json.Marshal without escapes for HTML, which would lengthen records.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// hotKey returns the fraction of a shard's records that have its most frequent key,
// or 0 if no key repeats.
func (s *Sample) hotKey() float64 {
	type key struct {
		lane string
		hash uint32
	}
	keys, lanes := make(map[key]int), make(map[string]int)
	for i := range s.records {
		r := &s.records[i]
		keys[key{r.lane, r.key}]++
		lanes[r.lane]++
	}
	most := 0.0
	for k, n := range keys {
		if n > 1 {
			most = max(most, float64(n)/float64(lanes[k.lane]))
		}
	}
	return most
}
