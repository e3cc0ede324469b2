// Package webhook is a type of target that posts records to a URL.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"fanout/engine"
	"fanout/sinks"
)

// Target is the type of the target. Its destination is a URL.
var Target = &sinks.Type{
	Name: "webhook", Parse: parse, Open: open, MaxRecordBytes: maxBytes,
	Traits: sinks.Traits{NoAWS: true}, // so it needs no rights
}

const maxBytes = 1 << 20

func parse(text string) (sinks.Destination, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return sinks.Destination{}, errors.New("is not the URL of a web server; write one like https://example.com/hook")
	}
	return sinks.Destination{Host: u.Host, Address: text}, nil
}

func open(_ sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	// A redirect's target acknowledges nothing.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &sink{&http.Client{CheckRedirect: stay, Timeout: 30 * time.Second}, s.Destination}, nil
}

// sink posts one record a request.
type sink struct {
	client *http.Client
	to     sinks.Destination
}

// String names the sink in logs.
func (s *sink) String() string { return "webhook " + s.to.Host }

// Limits allows one record a request.
func (s *sink) Limits() engine.Limits { return engine.Limits{Records: 1, RecordBytes: maxBytes} }

// Sizer returns nil: only the data counts.
func (s *sink) Sizer() func(*engine.Record) int { return nil }

// Send posts a record. Only a status between 200 and 299 delivers it.
func (s *sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	// A server may answer before it has read the body. By then another record may use the
	// memory of this one.
	body := bytes.NewReader(bytes.Clone(batch[0].Data.Bytes()))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.URL(), body)
	if err != nil {
		return engine.Failed(engine.Errorf(engine.Permanent, "%s: the request cannot be made", s))
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := s.client.Do(req)
	if err != nil {
		return engine.Failed(engine.Errorf(engine.Retryable, "%s: the connection failed, so it is unknown which records arrived", s))
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
		_ = resp.Body.Close()
	}()
	if resp.StatusCode/100 == 2 {
		return engine.Outcome{}
	}
	failed := &engine.Error{Class: classOf(resp.StatusCode), Err: errors.New(s.String() + ": HTTP status " + strconv.Itoa(resp.StatusCode))}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failed.After = time.Duration(min(seconds, 900)) * time.Second
	}
	return engine.Failed(failed)
}

// classOf says whether another attempt may help.
func classOf(status int) engine.Class {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return engine.Throttled
	case status == http.StatusRequestEntityTooLarge:
		return engine.TooLarge
	case status/100 == 5, status == http.StatusRequestTimeout:
		return engine.Retryable
	}
	return engine.Permanent
}

// Close closes idle connections. fanout calls it when the target is no longer used.
func (s *sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
