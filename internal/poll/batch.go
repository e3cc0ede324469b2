package poll

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxEvent is the maximum length of an event: Lambda's limit on the payload of a
// synchronous invocation (Lambda quotas).
const maxEvent = 6 << 20

// form is the form of the events of a shard.
type form struct {
	head, tail string // around the records
	failed     func(answer []byte) (ids []string, err error)
}

// recordsForm is the form of all events but those of Kafka.
var recordsForm = form{`{"Records":[`, `]}`, Failed}

// Entry is a record in the form of a Lambda event.
type Entry interface{ JSON() []byte }

// Fit returns how many of recs make the next batch. recs must not be empty. A
// record that exceeds the limit alone goes alone: Lambda could not deliver it, but
// a handler here may.
func Fit[E Entry](recs []E, batchSize int) int { return fit(&recordsForm, recs, batchSize) }

func fit[E Entry](f *form, recs []E, batchSize int) int {
	size := len(f.head) + len(f.tail) + len(recs[0].JSON())
	n := 1
	for n < min(len(recs), batchSize) {
		if size += len(",") + len(recs[n].JSON()); size > maxEvent {
			break
		}
		n++
	}
	return n
}

// Event returns the Lambda event of a batch. It uses new memory each time, because
// the handler may keep it.
func Event[E Entry](batch []E) []byte { return event(&recordsForm, batch) }

func event[E Entry](f *form, batch []E) []byte {
	size := len(f.head) + len(f.tail) + len(batch)
	for i := range batch {
		size += len(batch[i].JSON())
	}
	e := append(make([]byte, 0, size), f.head...)
	for i := range batch {
		if i > 0 {
			e = append(e, ',')
		}
		e = append(e, batch[i].JSON()...)
	}
	return append(e, f.tail...)
}

// acknowledged returns how many records of the batch, counted from the first, an
// answer acknowledges. It returns an error if not all are acknowledged. As with
// Lambda, only the lowest sequence number in the answer counts. An answer that
// names anything other than records of the batch acknowledges none (Lambda
// developer guide, Configuring partial batch response).
func acknowledged(f *form, answer []byte, batch []record) (int, error) {
	failed, err := f.failed(answer)
	if err != nil {
		return 0, err
	}
	if len(failed) == 0 {
		return len(batch), nil
	}
	place := make(map[string]int, len(batch))
	for i := range batch {
		place[batch[i].seq] = i
	}
	lowest := len(batch)
	for _, id := range failed {
		i, ok := place[id]
		if !ok {
			return 0, ErrNotInBatch
		}
		lowest = min(lowest, i)
	}
	return lowest, Partly(lowest, len(batch))
}

// ErrNotInBatch is the error of an answer that acknowledges nothing, because it names a record
// that is not in the batch.
var ErrNotInBatch = errors.New("the handler's answer names a record that is not in the batch")

// Partly is the error of an answer that acknowledges only a part of the batch.
func Partly(acked, all int) error {
	return fmt.Errorf("the handler acknowledged %d of %d", acked, all)
}

// Failed returns the identifiers that an answer names as failed. An empty answer names none.
func Failed(answer []byte) (ids []string, err error) { return failedItems[string](answer) }

func failedItems[Item any](answer []byte) (items []Item, err error) {
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil, nil
	}
	var a struct {
		BatchItemFailures []struct {
			ItemIdentifier Item `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil, errors.New("the handler's answer is not a batch response")
	}
	for _, f := range a.BatchItemFailures {
		items = append(items, f.ItemIdentifier)
	}
	return items, nil
}
