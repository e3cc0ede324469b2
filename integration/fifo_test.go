//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

// witness stands before moto. It refuses records and events at random, and sees which messages are
// deleted before their data is in a stream.
type witness struct {
	t        *testing.T
	upstream string
	refuses  int                          // how many codes refuse entries
	refuse   func(json.RawMessage) string // returns the error code of an entry, "" to take it
	expire   func(handle string)          // see release; nil: the test ends all visibility timeouts

	mu      sync.Mutex
	draw    *rand.Rand
	refused map[string]int       // records, by error code
	bodies  map[string]string    // of messages that were received, by receipt handle
	written map[string]bool      // data in a stream
	deleted map[string]bool      // bodies
	hidden  map[string]time.Time // until then, by receipt handle
	readers map[string]int       // messages that were received, by access key
}

func startWitness(t *testing.T) (*witness, *httptest.Server) {
	t.Helper()
	w := &witness{
		t: t, upstream: os.Getenv("AWS_ENDPOINT_URL"), refuses: len(codes), draw: rand.New(rand.NewPCG(5, 6)), refused: map[string]int{},
		bodies: map[string]string{}, written: map[string]bool{}, deleted: map[string]bool{}, hidden: map[string]time.Time{}, readers: map[string]int{},
	}
	w.refuse = w.refuseAny
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return w, server
}

func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "PutRecords":
		w.put(out, r, body, form{"Records", "FailedRecordCount", w.noteWritten})
		return
	case "PutEvents":
		w.put(out, r, body, form{"Entries", "FailedEntryCount", func(json.RawMessage) {}})
		return
	case "ReceiveMessage":
		w.receive(out, r, body)
		return
	case "ChangeMessageVisibilityBatch":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.noteHidden(body)
	case "DeleteMessageBatch":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.noteDeleted(body)
	}
	status, answer := w.ask(r, body)
	reply(out, status, answer)
}

// ask returns moto's answer.
func (w *witness) ask(r *http.Request, body []byte) (status int, answer []byte) {
	// Also if the client is gone: the queue then has hidden the messages all the same.
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, w.upstream+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return http.StatusInternalServerError, nil
	}
	request.Header = r.Header.Clone()
	request.Close = true // no connection outlives the test
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Error(err)
		return http.StatusServiceUnavailable, nil
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		w.t.Error(err)
	}
	return response.StatusCode, answer
}

func reply(out http.ResponseWriter, status int, answer []byte) {
	out.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	out.WriteHeader(status)
	_, _ = out.Write(answer) // fails only if the client is gone
}

// form is how a request and its answer list entries.
type form struct {
	list, failed string                // names of the entries, and of the number of failures
	taken        func(json.RawMessage) // called with each entry that moto has
}

// put sends the entries that it does not refuse to moto.
func (w *witness) put(out http.ResponseWriter, r *http.Request, body []byte, f form) {
	w.mu.Lock() // so that the note of what is written never comes late
	defer w.mu.Unlock()
	var request map[string]json.RawMessage
	var entries, taken []json.RawMessage
	if err := json.Unmarshal(body, &request); err != nil {
		w.t.Errorf("a request: %v", err)
		return
	}
	if err := json.Unmarshal(request[f.list], &entries); err != nil {
		w.t.Errorf("the entries of a request: %v", err)
		return
	}
	results, refused := make([]map[string]string, len(entries)), 0
	for i, e := range entries {
		if code := w.refuse(e); code != "" {
			refused++
			results[i] = map[string]string{"ErrorCode": code, "ErrorMessage": "refused by the test"}
			continue
		}
		taken = append(taken, e)
	}
	if len(taken) > 0 {
		request[f.list], _ = json.Marshal(taken) //nolint:errchkjson // read from JSON
		body, _ = json.Marshal(request)          //nolint:errchkjson // read from JSON
		status, text := w.ask(r, body)
		var answer map[string]json.RawMessage
		var accepted []map[string]string
		if json.Unmarshal(text, &answer) != nil || json.Unmarshal(answer[f.list], &accepted) != nil || status != http.StatusOK || len(accepted) != len(taken) {
			reply(out, http.StatusInternalServerError, nil)
			return
		}
		for i := range results {
			if results[i] == nil {
				results[i], accepted = accepted[0], accepted[1:]
			}
		}
		for _, e := range taken {
			f.taken(e)
		}
	}
	text, _ := json.Marshal(map[string]any{f.failed: refused, f.list: results}) //nolint:errchkjson // strings alone
	reply(out, http.StatusOK, text)
}

// noteWritten notes the data of a record of PutRecords.
func (w *witness) noteWritten(entry json.RawMessage) {
	var record struct{ Data []byte }
	if err := json.Unmarshal(entry, &record); err != nil {
		w.t.Errorf("a record of PutRecords: %v", err)
	}
	w.written[string(record.Data)] = true
}

// codes are the error codes of entries, with the number of draws of 40 that have each. fanout sends
// a record again after the first two. After the third it fails the message.
var codes = []struct {
	name  string
	draws int
}{{"ProvisionedThroughputExceededException", 6}, {"InternalFailure", 3}, {"InvalidArgumentException", 2}}

// refuseAny refuses entries at random.
func (w *witness) refuseAny(json.RawMessage) string {
	n := w.draw.IntN(40)
	for _, code := range codes[:w.refuses] {
		if n < code.draws {
			w.refused[code.name]++
			return code.name
		}
		n -= code.draws
	}
	return ""
}

// receive notes the messages that moto gives. Calls at the same time may get messages of one group
// from moto, unlike from SQS. So there is one call at a time, and none waits.
func (w *witness) receive(out http.ResponseWriter, r *http.Request, body []byte) {
	var request map[string]any
	if err := json.Unmarshal(body, &request); err != nil {
		w.t.Errorf("a request of ReceiveMessage: %v", err)
		return
	}
	request["WaitTimeSeconds"] = 0
	body, _ = json.Marshal(request) //nolint:errchkjson // read from JSON
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release()
	status, answer := w.ask(r, body)
	var received struct {
		Messages []struct{ Body, ReceiptHandle string }
	}
	if err := json.Unmarshal(answer, &received); err != nil {
		w.t.Errorf("an answer of ReceiveMessage: %v", err)
	}
	seconds, _ := request["VisibilityTimeout"].(float64)
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	reader, _, _ := strings.Cut(credential, "/")
	for _, m := range received.Messages {
		w.bodies[m.ReceiptHandle] = m.Body
		w.hidden[m.ReceiptHandle] = time.Now().Add(time.Duration(seconds) * time.Second)
		w.readers[reader]++
	}
	reply(out, status, answer)
}

func (w *witness) noteHidden(request []byte) {
	var change struct {
		Entries []struct {
			ReceiptHandle     string
			VisibilityTimeout int
		}
	}
	if err := json.Unmarshal(request, &change); err != nil {
		w.t.Errorf("a request of ChangeMessageVisibilityBatch: %v", err)
	}
	for _, e := range change.Entries {
		w.hidden[e.ReceiptHandle] = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
	}
}

// release tells moto of visibility timeouts that have ended. It would otherwise give the last message of
// a group first.
func (w *witness) release() {
	if w.expire == nil {
		return
	}
	for handle, until := range w.hidden {
		if time.Now().After(until) {
			delete(w.hidden, handle)
			if !w.deleted[w.bodies[handle]] {
				w.expire(handle)
			}
		}
	}
}

func (w *witness) noteDeleted(request []byte) {
	var deletion struct {
		Entries []struct{ ReceiptHandle string }
	}
	if err := json.Unmarshal(request, &deletion); err != nil {
		w.t.Errorf("a request of DeleteMessageBatch: %v", err)
	}
	for _, e := range deletion.Entries {
		body, known := w.bodies[e.ReceiptHandle]
		if !known || !w.written[body] {
			w.t.Errorf("the message %q is deleted, but is not in the stream", body)
		}
		w.deleted[body] = true
	}
}

// fillFIFO sends messages of several groups in turn, and returns them by group.
func (s services) fillFIFO(t *testing.T, url string, groups, each int) map[string][]string {
	t.Helper()
	sent := make(map[string][]string)
	for i := range each {
		in := &sqs.SendMessageBatchInput{QueueUrl: &url}
		for g := range groups {
			group := fmt.Sprint("group-", g)
			body := fmt.Sprintf("%s %03d", group, i)
			sent[group] = append(sent[group], body)
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(g)), MessageBody: &body, MessageGroupId: &group,
				MessageDeduplicationId: aws.String(fmt.Sprintf("%d-%d", g, i)),
			})
		}
		if out := must(s.sqs.SendMessageBatch(t.Context(), in))(t); len(out.Failed) > 0 {
			t.Fatalf("%d messages could not be sent", len(out.Failed))
		}
	}
	return sent
}

// waiting returns the number of messages in a queue, hidden or not.
func (s services) waiting(t *testing.T, url string) (n int) {
	t.Helper()
	names := []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	out := must(s.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names}))(t)
	for _, name := range names {
		n += must(strconv.Atoi(out.Attributes[string(name)]))(t)
	}
	return n
}

// show ends the visibility timeouts of all messages that were received and not deleted. moto would
// give a later message of a group first if several timeouts ended by themselves.
func (s services) show(t *testing.T, url string, w *witness) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for handle, body := range w.bodies {
		if w.deleted[body] {
			continue
		}
		must(s.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: &handle}))(t)
	}
}

// TestPollFIFO reads a FIFO queue with several groups into an ordered stream. Records are
// refused, requests and answers are lost. Every message arrives, in the order of its group, and
// none is deleted before it is in the stream.
func TestPollFIFO(t *testing.T) {
	s := connect(t)
	source := s.createQueue(t, "grouped.fifo")
	url := *must(s.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("grouped.fifo")}))(t).QueueUrl
	must(s.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"VisibilityTimeout": "600"}}))(t)
	sent := s.fillFIFO(t, url, 6, 25)

	w, server := startWitness(t)
	proxy := must(faultproxy.Start(faultproxy.HTTP, server.Listener.Addr().String()))(t)
	t.Cleanup(proxy.Close)
	proxy.OnRequest(func(n int) *faultproxy.Fault {
		switch n % 11 {
		case 4:
			return &faultproxy.Fault{Reset: true}
		case 8:
			return &faultproxy.Fault{Cut: faultproxy.CutReset}
		}
		return nil
	})
	file := targetsFile(t, source, target{
		"type": "kinesis", "destination": s.createStream(t, "ungrouped", 2), "parallel": false,
	})
	env := []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_ENDPOINT_URL_KINESIS=http://" + proxy.Addr()}

	runs, failures := 0, 0
	for ; s.waiting(t, url) > 0 && runs < 50; runs++ {
		_, stderr, err := run(t, env, "run", "--targets", file, "--source-arn", source, "--once")
		if err != nil && !strings.Contains(stderr, "stay in the queue") {
			t.Fatalf("%v\n%s", err, stderr)
		}
		if err != nil {
			failures++
		}
		s.show(t, url, w)
	}
	if n := s.waiting(t, url); n > 0 {
		t.Errorf("%d messages are in the queue after %d runs", n, runs)
	}
	got := s.streamData(t, "ungrouped")
	records := 0
	for group, data := range got {
		records += len(data)
		// A record whose answer was lost is sent again before any later one of its group.
		got[group] = slices.Compact(data)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("the stream differs from the queue (-sent +got):\n%s", diff)
	}
	if len(w.deleted) != 6*25 || len(w.refused) != 3 || failures == 0 {
		t.Errorf("%d messages deleted, refused %v, %d runs with failures", len(w.deleted), w.refused, failures)
	}
	requests, faulty := proxy.Requests()
	t.Logf("%d messages, %d records, %d runs, %d with failures; refused: %v; %d requests, %d of them with a fault",
		len(w.deleted), records, runs, failures, w.refused, requests, faulty)
}
