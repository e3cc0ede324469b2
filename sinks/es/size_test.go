package es

import (
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// fillES returns a record with a counted size of size bytes.
func fillES(e *Sink, n, size int) engine.Record {
	r := esRecord("INSERT", fmt.Sprint("key", n), `{"a":""}`)
	r.Data = engine.Bytes(fmt.Appendf(nil, `{"a":"%s"}`, strings.Repeat("x", size-e.size(&r))))
	return r
}

func TestESExactSizes(t *testing.T) {
	for _, tt := range []struct{ set, record, request int }{
		{0, 10 << 20, 10 << 20},
		{1 << 20, 1 << 20, 10 << 20},
		{20 << 20, 20 << 20, 20 << 20},
		{200 << 20, 10 << 20, 10 << 20},
	} {
		t.Run(fmt.Sprint(tt.set), func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			fake.SetLimit("es/orders", tt.request)
			e := openES(t, cfg, nil, sinks.RecordBytes(tt.set))
			if l := e.Limits(); l.Records != 1000 || l.RecordBytes != tt.record || l.Bytes != tt.request || !l.OnePerKey {
				t.Fatalf("limits %+v", l)
			}
			half := tt.request / 2
			if o := e.Send(t.Context(), []engine.Record{fillES(e, 1, half), fillES(e, 2, tt.request-half)}); !o.OK() {
				t.Errorf("a request of %d bytes: %v", tt.request, o.Err(0))
			}
			if got := fake.Calls()[0].Bytes; got != tt.request {
				t.Errorf("%d bytes were sent; want %d", got, tt.request)
			}
			o := e.Send(t.Context(), []engine.Record{fillES(e, 1, half), fillES(e, 2, tt.request-half+1)})
			if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.TooLarge {
				t.Errorf("a request of %d bytes: %v", tt.request+1, err)
			}
		})
	}
}
