package sinks_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/internal/testing/race"
	"fanout/sinks"
	"fanout/sinks/dynamodb"
	"fanout/sinks/es"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
	"fanout/sinks/iot"
	lambdasink "fanout/sinks/lambda"
	"fanout/sinks/memcached"
	"fanout/sinks/redis"
	s3sink "fanout/sinks/s3"
	"fanout/sinks/stepfunctions"
)

// hostileBytes is the size of a hostile server's answer. hostileMemory is the limit of
// the memory that a request may allocate because of it.
const (
	hostileBytes  = 100 << 20
	hostileMemory = 16 << 20
)

// endless writes head, and then filler up to hostileBytes.
func endless(w io.Writer, head, filler string) error {
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	filler = strings.Repeat(filler, 64<<10/len(filler))
	for sent := 0; sent < hostileBytes; sent += len(filler) {
		if _, err := io.WriteString(w, filler); err != nil {
			return err
		}
	}
	return nil
}

// packed returns an endless text in gzip.
func packed(t *testing.T, head, filler string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := endless(w, head, filler); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// allocated returns the number of bytes that f allocates, in all goroutines.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// hostileRecords are the records of a request to a hostile server.
func hostileRecords(s engine.Sink) []engine.Record {
	recs := sinktest.Numbered(min(3, max(s.Limits().Records, 1)))
	for i := range recs {
		recs[i].Raw = []byte("{}") // without one, a function is not invoked
	}
	return recs
}

// wantHarmless asserts that a request to a hostile server allocates no more than most bytes.
func wantHarmless(t *testing.T, s engine.Sink, most int) {
	t.Helper()
	recs := hostileRecords(s)
	var o engine.Outcome
	if n := allocated(func() { o = s.Send(t.Context(), recs) }); n > most {
		t.Errorf("the request allocates %d bytes; want at most %d", n, most)
	}
	for i := range recs {
		if err := o.Err(i); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("record %d has error %v", i, err)
		}
	}
}

// hostileSinks are all types of target that use HTTP.
func hostileSinks() []service {
	all := append([]service{}, services...)
	return append(all,
		service{"stepfunctions", func(c aws.Config, opts ...sinks.Option) engine.Sink {
			return stepfunctions.New(c, sinktest.Machine, "", opts...)
		}},
		service{"iot", func(c aws.Config, _ ...sinks.Option) engine.Sink { return iot.New(c, "", "t") }},
		service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return lambdasink.New(c, "f", "", lambdasink.SourceRecords)
		}},
		service{"dynamodb", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return dynamodb.New(c, dynamodb.Table{Name: "orders", Plain: true})
		}},
		service{"es", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			e, err := es.New(c.HTTPClient, es.Index{URL: *c.BaseEndpoint, Index: "orders"})
			if err != nil {
				panic(err)
			}
			return e
		}},
		service{"s3", func(c aws.Config, _ ...sinks.Option) engine.Sink { return s3Sink(c, s3sink.Options{Bucket: "lake"}) }},
	)
}

// TestHostileHTTP asserts that an endless answer, plain or compressed, costs only its own
// request and little memory.
func TestHostileHTTP(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	forms := []struct{ name, head, filler string }{
		{"a string", `{"Records":"`, "secret"},
		{"a list", `{"Records":[`, `[],`},
		{"deep", ``, `{"items":[`},
		{"white space", `{"message":"OK"}`, " "},
		{"a list of items", `{"items":[`, `{"create":{"status":201}},`},
		{"an error", `{"__type":"`, "secret"},
	}
	for _, form := range forms {
		gz := packed(t, form.head, form.filler)
		for _, status := range []int{http.StatusOK, http.StatusAccepted, http.StatusBadRequest} {
			for _, encoding := range []string{"", "gzip"} {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Etag", `"1"`) // as the answer of a bucket
					if encoding != "" {
						w.Header().Set("Content-Encoding", encoding)
					}
					w.WriteHeader(status)
					if encoding != "" {
						_, _ = w.Write(gz)
					} else {
						_ = endless(w, form.head, form.filler)
					}
				}))
				transport := new(http.Transport)
				_, cfg := sinktest.Start(t)
				cfg.BaseEndpoint, cfg.HTTPClient = &server.URL, awshttp.Client(&http.Client{Transport: transport})
				for _, s := range hostileSinks() {
					t.Run(strings.Join([]string{s.name, form.name, strconv.Itoa(status), encoding}, "/"), func(t *testing.T) {
						if s.name == "lambda" && status == http.StatusAccepted {
							t.Skip("the status alone says that the event was queued")
						}
						wantHarmless(t, s.open(cfg), hostileMemory)
					})
				}
				transport.CloseIdleConnections()
				server.Close()
			}
		}
	}
}

// TestHostileValues asserts that an answer with the maximum of bytes and values costs a
// few times its length, although decoders allocate a hundred bytes for two.
func TestHostileValues(t *testing.T) {
	for _, form := range []struct{ name, head, filler, tail string }{
		{"objects", `{"Records":[`, `{},`, `{}]}`},
		{"entries", `{"Failed":[`, `{},`, `{}]}`},
		{"outcomes", `{"RequestResponses":[`, `{},`, `{}]}`},
		{"unknown lists", `{"x":[`, `[],`, `[]]}`},
		{"an error with more", `{"__type":"ResourceNotFoundException","x":[`, `{},`, `{}]}`},
		{"items", `{"items":[`, `{},`, `{}]}`},
		{"an item", `{"items":[{`, `"%05d":{},`, `"create":{}}]}`},
		{"an item's error", `{"items":[{"create":{"error":{"caused_by":{`, `"%05d":{},`, `"type":"x"}}}}]}`},
		{"elements", `<PublishBatchResponse><PublishBatchResult><Failed>`, `<member></member>`, `</Failed></PublishBatchResult></PublishBatchResponse>`},
		{"deep elements", `<PublishBatchResponse><PublishBatchResult><Failed>`, `<a>`, ``},
		{"an error of elements", `<ErrorResponse><Error>`, `<a>`, ``},
		{"a bucket's error", `<Error>`, `<a>`, ``},
		{"a bucket's error with more", `<Error><Code>NoSuchBucket</Code>`, `<a></a>`, `</Error>`},
	} {
		var answer strings.Builder
		answer.WriteString(form.head)
		for i := 10_000; answer.Len() < awshttp.AnswerBytes-100; i++ {
			answer.WriteString(strings.Replace(form.filler, "%05d", strconv.Itoa(i), 1))
		}
		answer.WriteString(form.tail)
		for _, status := range []int{http.StatusOK, http.StatusAccepted, http.StatusBadRequest} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Etag", `"1"`) // as the answer of a bucket
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer.String())
			}))
			transport := new(http.Transport)
			_, cfg := sinktest.Start(t)
			cfg.BaseEndpoint, cfg.HTTPClient = &server.URL, awshttp.Client(&http.Client{Transport: transport})
			for _, s := range hostileSinks() {
				t.Run(strings.Join([]string{s.name, form.name, strconv.Itoa(status)}, "/"), func(t *testing.T) {
					if s.name == "lambda" && status == http.StatusAccepted {
						t.Skip("the status alone says that the event was queued")
					}
					wantHarmless(t, s.open(cfg), 16*awshttp.AnswerBytes)
				})
			}
			transport.CloseIdleConnections()
			server.Close()
		}
	}
}

// closing is a body that records when it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// TestAnswersAreClosed asserts that the connection is released however the answer is
// read.
func TestAnswersAreClosed(t *testing.T) {
	for name, answer := range map[string]io.Reader{
		"nothing":     strings.NewReader(""),
		"an object":   strings.NewReader("{}"),
		"a page":      strings.NewReader("<html></html>"),
		"cut off":     io.MultiReader(strings.NewReader(`{"Records":[`), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"too long":    strings.NewReader(strings.Repeat(" ", 1<<20)),
		"too crowded": strings.NewReader(`{"Records":[` + strings.Repeat("{},", 10_000) + `{}]}`),
	} {
		text, errRead := io.ReadAll(answer)
		for _, status := range []int{http.StatusOK, http.StatusAccepted, http.StatusForbidden} {
			for _, s := range hostileSinks() {
				t.Run(strings.Join([]string{s.name, name, strconv.Itoa(status)}, "/"), func(t *testing.T) {
					var mu sync.Mutex // some sinks send several requests at once
					var bodies []*closing
					cfg := new(sinktest.Wire).Config()
					cfg.BaseEndpoint = aws.String("http://h")
					cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
						if r.Body != nil {
							_, _ = io.Copy(io.Discard, r.Body)
						}
						body := &closing{Reader: bytes.NewReader(text)}
						if errRead != nil {
							body.Reader = io.MultiReader(body.Reader, iotest.ErrReader(errRead))
						}
						mu.Lock()
						defer mu.Unlock()
						bodies = append(bodies, body)
						return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: body}, nil
					})
					sink := s.open(cfg)
					sink.Send(t.Context(), hostileRecords(sink))
					for _, body := range bodies {
						if !body.closed {
							t.Error("the answer was not closed")
						}
					}
					if len(bodies) == 0 {
						t.Error("nothing was sent")
					}
				})
			}
		}
	}
}

// TestHostileLambda asserts that the limit of Lambda's answer does not grow with the
// records of the event, which may be thousands.
func TestHostileLambda(t *testing.T) {
	_, cfg := sinktest.Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_ = endless(w, `{"Message":"`, "secret")
	}))
	defer server.Close()
	cfg.BaseEndpoint = &server.URL
	recs := sinktest.Numbered(10_000)
	for i := range recs {
		recs[i].Raw = []byte("{}")
	}
	sink := lambdasink.New(cfg, "f", "", lambdasink.SourceRecords)
	var o engine.Outcome
	if n := allocated(func() { o = sink.Send(t.Context(), recs) }); n > 16*awshttp.AnswerBytes || o.Err(0) == nil {
		t.Errorf("the request allocates %d bytes, error %v", n, o.Err(0))
	}
}

// hostileTCP answers every read with head and filler.
func hostileTCP(t *testing.T, head, filler string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<10))
			_ = endless(conn, head, filler)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestHostileRedis(t *testing.T) {
	for _, answer := range []struct{ name, head, filler string }{
		{"a line", "+", "secret"},
		{"an error", "-", "secret"},
		{"a number", ":", "1"},
		{"a long string", "$100000000\r\n", "secret"},
		{"a string of a strange length", "$+5\r\n", "secret"},
		{"a long list", "*100000000\r\n", ":1\r\n"},
		{"the longest list", "*65536\r\n", ":1\r\n"},
		{"long errors", "", "-" + strings.Repeat("secret", 2000) + "\r\n"},
		{"long strings", "*65536\r\n", "$60000\r\n" + strings.Repeat("secret", 10_000) + "\r\n"},
		{"lists", "", "*100000\r\n"},
		{"deep lists", "", "*1\r\n"},
		{"a map", "%50000000\r\n", ":1\r\n"},
		{"a push", ">100000000\r\n", ":1\r\n"},
		{"an attribute", "|1\r\n", "|1\r\n"},
		{"a large number", "(", "1"},
		{"an error of RESP3", "!100000000\r\n", "secret"},
		{"a text of RESP3", "=100000000\r\n", "secret"},
	} {
		for _, cluster := range []bool{false, true} {
			t.Run(answer.name+"/"+strconv.FormatBool(cluster), func(t *testing.T) {
				r, err := redis.New("redis://"+hostileTCP(t, answer.head, answer.filler), cache.Options{Cluster: cluster})
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				most := 12 << 20
				if cluster {
					most *= 2 // it asks for the slots too
				}
				wantHarmless(t, r, most)
			})
		}
	}
}

func TestHostileMemcached(t *testing.T) {
	for _, answer := range []struct{ name, head, filler string }{
		{"a line", "STORE", "secret"},
		{"lines", "", "secret\r\n"},
		{"a long configuration", "CONFIG cluster 0 100000000\r\n", "secret"},
		{"many nodes", "CONFIG cluster 0 200000\r\n1\n", "|1|1 "},
		{"an error", "SERVER_ERROR ", "secret"},
	} {
		for _, c := range []cache.Options{{}, {Cluster: true}, {Credentials: sinktest.Known("user", "password")}} {
			t.Run(answer.name, func(t *testing.T) {
				m := memcached.New(hostileTCP(t, answer.head, answer.filler), c)
				defer m.Close()
				wantHarmless(t, m, hostileMemory)
			})
		}
	}
}
