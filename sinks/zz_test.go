package sinks

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"strings"
	"testing"

	"fanout/internal/awsfake"
)

type spy struct {
	net.Conn
	stack *[]byte
}

func (s spy) Close() error { *s.stack = debug.Stack(); return s.Conn.Close() }

func TestZZ(t *testing.T) {
	fake, cfg := startFake(t)
	var stack []byte
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, n, a string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, n, a)
		return spy{c, &stack}, err
	}}}
	sink := services[0].open(cfg)
	var ev []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { ev = append(ev, fmt.Sprint("gotconn reused=", i.Reused)) },
		WroteHeaders: func() { ev = append(ev, "wroteheaders") },
		GotFirstResponseByte: func() { ev = append(ev, "firstbyte") },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err != nil {
			debug.PrintStack()
			fmt.Printf("wrote: %T %v %v\n", i.Err, i.Err, ev)
		}
	}})
	for i := range 3000 {
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{After: true} })
		sink.Send(t.Context(), numbered(2))
		fake.OnCall(func(awsfake.Call) *awsfake.Fault {
			return &awsfake.Fault{Code: "AccessDenied", Message: strings.Repeat("it is not\nallowed ", 1000)}
		})
		ev = nil
		o := sink.Send(ctx, numbered(2))
		if strings.Contains(o.Err(0).Error(), "could not be read") {
			fmt.Println(i, string(stack))
			break
		}
	}
	cfg.HTTPClient.(*http.Client).CloseIdleConnections()
}
