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

const (
	eventHead = `{"Records":[`
	eventTail = `]}`
)

// fit returns how many of recs make the next batch. recs must not be empty. A
// record that exceeds the limit alone goes alone: Lambda could not deliver it, but
// a handler here may.
func fit(recs []record, batchSize int) int {
	size := len(eventHead) + len(eventTail) + len(recs[0].json)
	n := 1
	for n < min(len(recs), batchSize) {
		if size += len(",") + len(recs[n].json); size > maxEvent {
			break
		}
		n++
	}
	return n
}

// event returns the Lambda event of a batch. It uses new memory each time, because
// the handler may keep it.
func event(batch []record) []byte {
	size := len(eventHead) + len(eventTail) + len(batch)
	for i := range batch {
		size += len(batch[i].json)
	}
	e := append(make([]byte, 0, size), eventHead...)
	for i := range batch {
		if i > 0 {
			e = append(e, ',')
		}
		e = append(e, batch[i].json...)
	}
	return append(e, eventTail...)
}

// acknowledged returns how many records of the batch, counted from the first, an
// answer acknowledges. It returns an error if not all are acknowledged. As with
// Lambda, only the lowest sequence number in the answer counts. An answer that
// names anything other than records of the batch acknowledges none (Lambda
// developer guide, Configuring partial batch response).
func acknowledged(answer []byte, batch []record) (int, error) {
	if len(bytes.TrimSpace(answer)) == 0 {
		return len(batch), nil
	}
	var a struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return 0, errors.New("the handler's answer is not a batch response")
	}
	if len(a.BatchItemFailures) == 0 {
		return len(batch), nil
	}
	place := make(map[string]int, len(batch))
	for i := range batch {
		place[batch[i].seq] = i
	}
	lowest := len(batch)
	for _, f := range a.BatchItemFailures {
		i, ok := place[f.ItemIdentifier]
		if !ok {
			return 0, errors.New("the handler's answer names a record that is not in the batch")
		}
		lowest = min(lowest, i)
	}
	return lowest, fmt.Errorf("the handler acknowledged %d of %d", lowest, len(batch))
}
