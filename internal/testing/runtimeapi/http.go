package runtimeapi

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// version begins every path.
const version = "/2018-06-01"

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if s.enter() {
				defer s.active.Done()
				h(w, r)
			}
		})
	}
	handle("GET "+version+"/runtime/invocation/next", s.next)
	handle("POST "+version+"/runtime/invocation/{id}/response", s.response)
	handle("POST "+version+"/runtime/invocation/{id}/error", s.failure)
	handle("POST "+version+"/runtime/init/error", s.initError)
	handle("POST /2020-01-01/extension/register", s.register)
	handle("GET /2020-01-01/extension/event/next", s.extensionNext)
	return mux
}

// unsampled is the trace header of an invocation without tracing.
const unsampled = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"

// SetTrace sets the trace header of later invocations.
func (s *Server) SetTrace(header string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = header
}

// next blocks until there is an event, as Lambda does between invocations.
func (s *Server) next(w http.ResponseWriter, r *http.Request) {
	select {
	case i := <-s.events:
		s.mu.Lock()
		s.waiting[i.id] = i
		trace := cmp.Or(s.trace, unsampled)
		s.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", FunctionARN)
		h.Set("Lambda-Runtime-Trace-Id", trace)
		_, _ = w.Write(i.event) // a function that has gone will not answer either
	case <-r.Context().Done():
	case <-s.done:
	}
}

// register registers the internal extension through which a function asks for SIGTERM.
func (s *Server) register(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", "00000000-0000-0000-0000-000000000000")
	w.WriteHeader(http.StatusOK)
}

// extensionNext blocks, because extensions get no events.
func (s *Server) extensionNext(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
}

func (s *Server) response(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	s.settle(w, r, Answer{Payload: payload})
}

func (s *Server) failure(w http.ResponseWriter, r *http.Request) {
	if f, ok := readFailure(w, r); ok {
		s.settle(w, r, Answer{Failure: &f})
	}
}

// settle passes an answer to the waiting Invoke. Each event has one answer.
func (s *Server) settle(w http.ResponseWriter, r *http.Request, a Answer) {
	a.RequestID, a.At = r.PathValue("id"), time.Now()
	s.mu.Lock()
	i, ok := s.waiting[a.RequestID]
	delete(s.waiting, a.RequestID)
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	i.answer <- a
	accept(w)
}

func (s *Server) initError(w http.ResponseWriter, r *http.Request) {
	f, ok := readFailure(w, r)
	if !ok {
		return
	}
	select {
	case s.failed <- f:
	default: // the first answer counts
	}
	accept(w)
}

func readFailure(w http.ResponseWriter, r *http.Request) (f Failure, ok bool) {
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return f, false
	}
	return f, true
}

func accept(w http.ResponseWriter) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Failure{Message: message, Type: kind})
}
