package awsfake

import (
	"crypto/md5" //nolint:gosec // the checksum that SQS answers with
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// queued is a message in a queue, to be received.
type queued struct {
	Record
	id       string
	receipts int       // handed out; the last one counts
	hidden   time.Time // end of the time for which it is hidden
	deleted  bool
}

// Waiting returns the messages of the queue at destination ("sqs/orders") that were not
// deleted, in order.
func (s *Server) Waiting(destination string) (all []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queue(destination) {
		if !m.deleted {
			all = append(all, m.Record)
		}
	}
	return all
}

// Put adds records to destination without a call.
func (s *Server) Put(destination string, recs ...Record) { s.take(destination, recs) }

// Reveal makes all messages of a queue visible, as if their time had passed.
func (s *Server) Reveal(destination string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queue(destination) {
		m.hidden = time.Time{}
	}
}

// queue returns all messages that a queue ever took. The server must be locked.
func (s *Server) queue(destination string) []*queued {
	q := s.queues[destination]
	for _, r := range s.taken[destination][len(q):] {
		q = append(q, &queued{Record: r, id: fmt.Sprintf("message-%d", len(q))})
	}
	s.queues[destination] = q
	return q
}

func (m *queued) receipt() string { return fmt.Sprintf("%s/%d", m.id, m.receipts) }

func (s *Server) receiveMessage(body []byte) (op operation, bad *failure) {
	in := struct {
		QueueURL            string `json:"QueueUrl"`
		MaxNumberOfMessages int
		WaitTimeSeconds     int
		VisibilityTimeout   int
	}{MaxNumberOfMessages: 1, VisibilityTimeout: 30}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	if in.MaxNumberOfMessages < 1 || in.MaxNumberOfMessages > 10 || in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20 || in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43200 {
		return op, refusal("InvalidParameterValue", "A parameter of ReceiveMessage is out of its range.")
	}
	op.destination = lastPart(in.QueueURL, "/")
	op.run = func(map[int]string) (any, *failure) {
		// It waits a tenth of the requested time to keep tests short.
		for end := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second / 10); ; {
			got := s.receive("sqs/"+op.destination, in.MaxNumberOfMessages, time.Duration(in.VisibilityTimeout)*time.Second)
			if len(got) > 0 || time.Now().After(end) {
				return map[string]any{"Messages": got}, nil
			}
			select {
			case <-s.done:
				return map[string]any{}, nil
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return op, nil
}

// received is a message in an answer.
type received struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	Body          string
	MD5OfBody     string
}

// receive hides up to most messages for d and returns them. In a FIFO queue a hidden
// message blocks later messages of its group.
func (s *Server) receive(destination string, most int, d time.Duration) (got []received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	held := make(map[string]bool)
	for _, m := range s.queue(destination) {
		if m.deleted || len(got) == most {
			continue
		}
		if now.Before(m.hidden) {
			held[m.GroupID] = strings.HasSuffix(destination, ".fifo")
		}
		if now.Before(m.hidden) || held[m.GroupID] {
			continue
		}
		m.hidden = now.Add(d)
		m.receipts++
		sum := md5.Sum(m.Data) //nolint:gosec // as above
		got = append(got, received{m.id, m.receipt(), string(m.Data), hex.EncodeToString(sum[:])})
	}
	return got
}

// receipts calls do for each message that an entry of a batch names by its last receipt
// handle, and answers like the batches of SQS.
func (s *Server) receipts(body []byte, do func(m *queued, visibility time.Duration)) (op operation, bad *failure) {
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []struct {
			ID                string `json:"Id"`
			ReceiptHandle     string
			VisibilityTimeout int
		}
	}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	if len(in.Entries) == 0 || len(in.Entries) > messageEntries {
		return op, refusal("TooManyEntriesInBatchRequest", "A batch has 1 to %d entries. You have sent %d.", messageEntries, len(in.Entries))
	}
	op.destination, op.records = lastPart(in.QueueURL, "/"), len(in.Entries)
	op.run = func(refuse map[int]string) (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		byReceipt := make(map[string]*queued)
		for _, m := range s.queue("sqs/" + op.destination) {
			byReceipt[m.receipt()] = m
		}
		out := struct {
			Successful []map[string]string
			Failed     []sqsFailed
		}{[]map[string]string{}, []sqsFailed{}}
		for i, e := range in.Entries {
			code := refuse[i]
			m, ok := byReceipt[e.ReceiptHandle]
			if !ok && code == "" {
				code = "ReceiptHandleIsInvalid"
			}
			if code != "" {
				out.Failed = append(out.Failed, sqsFailed{ID: e.ID, Code: code, Message: "refused", SenderFault: !ok})
				continue
			}
			do(m, time.Duration(e.VisibilityTimeout)*time.Second)
			out.Successful = append(out.Successful, map[string]string{"Id": e.ID})
		}
		return out, nil
	}
	return op, nil
}

func (s *Server) deleteMessageBatch(body []byte) (operation, *failure) {
	return s.receipts(body, func(m *queued, _ time.Duration) { m.deleted = true })
}

func (s *Server) changeMessageVisibilityBatch(body []byte) (operation, *failure) {
	return s.receipts(body, func(m *queued, d time.Duration) { m.hidden = time.Now().Add(d) })
}

func (s *Server) getQueueURL(body []byte) (op operation, bad *failure) {
	var in struct{ QueueName string }
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.destination = in.QueueName
	op.run = func(map[int]string) (any, *failure) {
		return map[string]string{"QueueUrl": s.url + "/123456789012/" + in.QueueName}, nil
	}
	return op, nil
}
