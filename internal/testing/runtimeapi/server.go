package runtimeapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// FunctionARN is the ARN in every event.
const FunctionARN = "arn:aws:lambda:eu-west-1:123456789012:function:fanout"

// errClosed is the error of calls that wait for a function when Close is called.
var errClosed = errors.New("the runtime API is closed")

// Server is a fake Lambda Runtime API. It is safe for concurrent use.
type Server struct {
	addr   string
	http   http.Server
	done   chan struct{} // closed by Close
	served chan struct{} // closed when the listener has ended
	active sync.WaitGroup

	events chan *invocation // to the next call for an event
	failed chan Failure     // of initialization; has room for one

	mu      sync.Mutex
	closed  bool
	n       int                    // invocations so far
	trace   string                 // trace header of invocations
	waiting map[string]*invocation // sent and not answered, by request id
}

// invocation is an event in progress.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	answer   chan Answer // has room for one
}

// Answer is the function's answer to an event.
type Answer struct {
	RequestID string
	Payload   []byte   // after success
	Failure   *Failure // after a failure
	At        time.Time
}

// Failure is an error that the function reported.
type Failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// Start returns a server that listens on a free loopback port.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		addr:    l.Addr().String(),
		done:    make(chan struct{}),
		served:  make(chan struct{}),
		events:  make(chan *invocation),
		failed:  make(chan Failure, 1),
		waiting: make(map[string]*invocation),
	}
	s.http = http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends with Close; the error has no receiver
	}()
	return s, nil
}

// Addr returns the host and port for AWS_LAMBDA_RUNTIME_API.
func (s *Server) Addr() string { return s.addr }

// Close closes all connections and ends every Invoke. Call it once.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.done)
	_ = s.http.Close()
	<-s.served
	s.active.Wait()
}

// enter counts a running call, unless the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.active.Add(1)
	}
	return !s.closed
}

// Invoke sends event to the function when it asks for one, and waits for the answer. It
// fails with a *Failure if the function could not be initialized. It also fails if ctx
// ends or the server is closed first.
func (s *Server) Invoke(ctx context.Context, event []byte, deadline time.Time) (Answer, error) {
	s.mu.Lock()
	s.n++
	i := &invocation{id: requestID(s.n), event: event, deadline: deadline, answer: make(chan Answer, 1)}
	s.mu.Unlock()

	events := s.events // nil after the event was sent
	for {
		select {
		case events <- i:
			events = nil
		case a := <-i.answer:
			return a, nil
		case f := <-s.failed:
			return Answer{}, &f
		case <-ctx.Done():
			return Answer{}, context.Cause(ctx)
		case <-s.done:
			return Answer{}, errClosed
		}
	}
}

// requestID returns the id of the nth invocation, in Lambda's form.
func requestID(n int) string {
	digits := strconv.Itoa(n)
	return "00000000-0000-4000-8000-000000000000"[:36-len(digits)] + digits
}
