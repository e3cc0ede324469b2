package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
)

// process is a process of the function, with its network.
type process struct {
	world *world
	crash context.CancelFunc

	mu      sync.Mutex
	crashed bool
}

// sink returns the process's sink.
func (p *process) sink() engine.Sink {
	table := Table{Name: "copy", Tombstone: ExpiresAttribute}
	if p.world.noTombstones {
		table.Tombstone = ""
	}
	s := New(aws.Config{
		Region: "eu-west-1", HTTPClient: p, BaseEndpoint: aws.String("http://table"),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, table, sinks.Source(streamARN))
	return s
}

var errNetwork = errors.New("the connection was reset")

// Do carries a request to the table, or draws a fault: the request or its answer is lost, the
// request comes late, the table throttles or fails, or the process crashes.
func (p *process) Do(r *http.Request) (*http.Response, error) {
	w := p.world
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.crashed {
		p.mu.Unlock()
		return nil, errNetwork
	}
	p.mu.Unlock()
	time.Sleep(time.Duration(w.random(20)) * time.Millisecond)
	switch fault := w.fault(); fault {
	case 0:
		return nil, errNetwork
	case 1, 2:
		w.Count("lost answers", 1)
		w.carry(r, body)
		return nil, errNetwork
	case 3, 4, 5:
		w.Count("late requests", 1)
		late := time.Duration(w.random(600_000)) * time.Millisecond
		w.pending.Go(func() {
			time.Sleep(late)
			w.carry(r, body)
		})
		if fault == 5 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return nil, errNetwork
	case 6:
		return answer(r, http.StatusBadRequest, `{"__type":"ProvisionedThroughputExceededException"}`), nil
	case 7:
		return answer(r, http.StatusInternalServerError, `{"__type":"InternalServerError"}`), nil
	case 8:
		w.carry(r, body)
		return answer(r, http.StatusOK, `{`), nil
	case 9:
		w.Count("crashes", 1)
		p.mu.Lock()
		p.crashed = true
		p.mu.Unlock()
		p.crash()
		return nil, errNetwork
	}
	return w.carry(r, body), nil
}

// fault draws a fault; 10 is none.
func (w *world) fault() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.draw.IntN(30)
	if w.faults == 0 || n >= 10 {
		return 10
	}
	w.faults--
	return n
}

func answer(r *http.Request, status int, text string) *http.Response {
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
}

// carry gives a request to the table, and checks its effect.
func (w *world) carry(r *http.Request, body []byte) *http.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unconditional || w.unordered || w.forgets {
		var tampered bool
		if body, tampered = w.tamper(body); tampered {
			return answer(r, http.StatusOK, `{}`)
		}
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	reply := httptest.NewRecorder()
	w.fake.ServeHTTP(reply, r)
	resp := reply.Result()
	resp.Request = r
	if resp.StatusCode == http.StatusOK {
		w.notice(body)
		return resp
	}
	w.Count("superseded writes", 1)
	if w.superseded {
		return answer(r, http.StatusInternalServerError, `{"__type":"InternalServerError"}`)
	}
	return resp
}

// tamper changes a request as the sabotage says. It reports true if it must have no effect.
func (w *world) tamper(body []byte) ([]byte, bool) {
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		w.T.Error(err)
	}
	item, _ := in["Item"].(map[string]any)
	if w.forgets {
		return body, item[DeletedAttribute] != nil
	}
	if w.unconditional {
		delete(in, "ConditionExpression")
	}
	if w.unordered {
		same := map[string]any{"S": newOrdering(streamARN).scope + "0011"}
		item[OrderAttribute] = same
		in["ExpressionAttributeValues"].(map[string]any)[":seq"] = same
	}
	body, err := json.Marshal(in)
	if err != nil {
		w.T.Error(err)
	}
	return body, false
}

// notice checks that a write that had an effect is of no earlier change than those before it.
func (w *world) notice(body []byte) {
	var in struct{ Item, Key, ExpressionAttributeValues awsfake.Item }
	if err := json.Unmarshal(body, &in); err != nil {
		w.T.Error(err)
	}
	var number string
	if n, puts := in.Item["n"]["N"].(string); puts {
		number = n
	} else if w.unordered {
		return // the number of a removal is only in its position
	} else {
		position, _ := in.ExpressionAttributeValues[":seq"]["S"].(string)
		number = position[strings.LastIndexByte(position, '/')+len("/000"):]
	}
	key, _ := in.Item["id"]["S"].(string)
	if in.Key != nil {
		key, _ = in.Key["id"]["S"].(string)
	}
	at, err := strconv.Atoi(number)
	if err != nil {
		w.T.Error(err)
	}
	if at < w.newest[key] {
		w.Broken(forward, "the item %s goes back from change %d to %d", key, w.newest[key], at)
	}
	w.newest[key] = max(w.newest[key], at)
}
