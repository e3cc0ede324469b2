package sinktest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fanout/engine"
)

// Hostile are records that would become commands, or break some, if keys and data mixed
// with the protocol.
func Hostile() []engine.Record {
	keys := []string{
		"", " ", "a b", "a\r\nset injected 0 0 1\r\nx", "\r\n", "\n", "\t", "a\x00b", "\x00", `"quoted" 'twice'`,
		"$4\r\nevil\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "noreply", "ünïcode \U0001F600", "ünïcode", "\xff\xfe", "\x7f", "\u0085\u00a0",
		strings.Repeat("k", 250), strings.Repeat("k", 251), strings.Repeat("k", 300), strings.Repeat("é", 126), "{slot}", "%s%d",
	}
	data := [][]byte{
		nil, []byte("x\r\nset injected 0 0 1\r\nx\r\n"), []byte("END\r\n"), []byte("\x00\xff\xfe"), []byte("+OK\r\n"),
		bytes.Repeat([]byte("\r\n"), 100),
	}
	recs := make([]engine.Record, len(keys))
	for i, key := range keys {
		recs[i] = engine.Record{Key: key, Lane: "s", Seq: fmt.Sprint(i), Action: "PUT", Data: engine.Bytes(data[i%len(data)])}
	}
	return recs
}

// Puts returns one PUT for each pair of key and value.
func Puts(pairs ...string) []engine.Record {
	var recs []engine.Record
	for i := 0; i < len(pairs); i += 2 {
		recs = append(recs, engine.Record{Key: pairs[i], Seq: fmt.Sprint(i), Action: "PUT", Data: engine.Bytes([]byte(pairs[i+1]))})
	}
	return recs
}

// Removal is the record of a key deleted from a table.
func Removal(key string) engine.Record {
	return engine.Record{Key: key, Action: "REMOVE", Data: engine.Bytes([]byte("{}"))}
}

// Certificates returns the TLS configurations of a server at 127.0.0.1 and of clients
// that trust it.
func Certificates(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

// Known returns fixed credentials.
func Known(user, password string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return user, password, nil }
}

// Persistent is a plan that retries until sink accepts all records or ctx ends.
func Persistent(t *testing.T, sink engine.Sink, ordered bool) *engine.Plan {
	t.Helper()
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{
		ID: "cache", Sink: sink, Ordered: ordered,
		Retry: engine.Retry{Attempts: 1000, Base: 10 * time.Millisecond, Max: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// AllDelivered runs plan, and fails unless it delivers all of recs.
func AllDelivered(t *testing.T, plan *engine.Plan, recs []engine.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := plan.Run(ctx, recs).Targets[0]
	if r.Delivered != len(recs) {
		t.Fatalf("delivered %d, failed %d of %d: %v", r.Delivered, r.Failed, len(recs), r.Failures)
	}
}
