package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
)

func TestWholeJSON(t *testing.T) {
	for answer, want := range map[string]bool{
		"": true, " ": true, "{}": true, "{} \n\t\r": true, `{"a":"}]\"{"}`: true, `[{"a":[]}]`: true, `{"a":"\\"}`: true,
		"{}x": false, "{}{}": false, "{}}": false, `{"a":"\\"}"`: false, "[] []": false,
	} {
		if got := wholeJSON([]byte(answer)); got != want {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
}

func TestWholeXML(t *testing.T) {
	for answer, want := range map[string]bool{
		"<a></a>": true, "<a></a>\n": true, "<a></a><": false, "<a></a": false, "": false, "<html></html>": false, "<a></a><a></a>": false,
	} {
		if got := wholeXML([]byte(answer), "a"); got != want {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
}

// answered returns what becomes of a request of n records at s when it is answered so.
func answered(t *testing.T, s service, n, status int, code, answer string) (recs []engine.Record, o engine.Outcome) {
	t.Helper()
	cfg := new(wire).config()
	cfg.BaseEndpoint = aws.String("http://host")
	cfg.HTTPClient = do(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		h := http.Header{}
		if code != "" {
			h.Set("X-Amzn-Errortype", code)
		}
		return &http.Response{StatusCode: status, Request: r, Header: h, Body: io.NopCloser(strings.NewReader(answer))}, nil
	})
	sink := s.open(cfg)
	recs = hostileRecords(sink)[:min(n, max(sink.Limits().Records, 1))]
	return recs, sink.Send(t.Context(), recs)
}

// acknowledges reports whether an answer with status 200 acknowledges the message with an
// id, by decoders that the SDK does not use.
func acknowledges(service, answer, id string) bool {
	var ids struct{ taken, refused []string }
	if strings.HasPrefix(service, "sns") {
		type entry struct{ Id string } //nolint:revive // as SNS has it
		var all struct {
			XMLName xml.Name
			Result  struct {
				Successful struct {
					Member []entry `xml:"member"`
				}
				Failed struct {
					Member []entry `xml:"member"`
				}
			} `xml:"PublishBatchResult"`
		}
		if xml.Unmarshal([]byte(answer), &all) != nil {
			return false
		}
		for _, m := range all.Result.Successful.Member {
			ids.taken = append(ids.taken, strings.TrimSpace(m.Id))
		}
		return slices.Contains(ids.taken, id)
	}
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(answer), &all) != nil {
		return false
	}
	list := func(name string) (ids []string) {
		var entries []map[string]any
		_ = json.Unmarshal(all[name], &entries)
		for _, e := range entries {
			id, _ := e["Id"].(string)
			ids = append(ids, id)
		}
		return ids
	}
	return slices.Contains(list("Successful"), id) && !slices.Contains(list("Failed"), id)
}

// FuzzAnswer asserts that no answer whatever makes a sink panic or acknowledge a record
// that it does not acknowledge by name, and that no error quotes an answer at length.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		"", "{}", "null", "[]", `{"message":"OK"}`, "<html></html>",
		`{"Successful":[{"Id":"0","MessageId":"m"},{"Id":"1","MessageId":"m"}],"Failed":[]}`,
		`{"Successful":[{"Id":"0","MessageId":"m"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`,
		`{"Successful":[{"Id":"+0"},{"Id":"00"},{"Id":"2"},{"Id":"-1"}],"Failed":[{"Id":"0","Code":"c","Message":"Reason: m","SenderFault":true}]}`,
		`{"Successful":[{"Id":"0"},{"Id":"1"}]}{}`, `{"Failed":[{}],"Successful":null}`,
		`<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id></member><member><Id>1</Id></member></Successful><Failed/></PublishBatchResult></PublishBatchResponse>`,
		`<PublishBatchResponse><PublishBatchResult><Failed><member><Id>0</Id><Code>c</Code><SenderFault>true</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>`,
		`<ErrorResponse><Error><Code>InvalidParameter</Code><Message>Invalid parameter: Message too long</Message></Error></ErrorResponse>`,
		`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}`, `{"error":{"type":"index_closed_exception","reason":"r"},"status":400}`,
		`{"Message":"` + strings.Repeat("long ", 1000) + `"}`,
		`{"Successful":[` + strings.Repeat("{},", 1000) + `{"Id":"0"}]}`,
		strings.Repeat("[", 10_000), strings.Repeat(" ", answerBytes+10_000),
	} {
		for _, status := range []uint16{http.StatusOK, http.StatusAccepted, http.StatusBadRequest, http.StatusServiceUnavailable} {
			f.Add(status, "", answer)
		}
		f.Add(uint16(http.StatusForbidden), "AccessDeniedException:http://internal", answer)
	}
	f.Fuzz(func(t *testing.T, status uint16, code, answer string) {
		if status < 200 || status > 599 {
			return // net/http reads no others, or follows them
		}
		for _, s := range hostileSinks() {
			recs, o := answered(t, s, 2, int(status), code, answer)
			for i := range recs {
				err := o.Err(i)
				if err != nil {
					if len(err.Error()) > 2000 {
						t.Errorf("%s: an error of %d bytes", s.name, len(err.Error()))
					}
					continue
				}
				ok := status == http.StatusOK
				switch name, _, _ := strings.Cut(s.name, "."); name {
				case "sqs", "sns":
					ok = status/100 == 2 && acknowledges(name, answer, strconv.Itoa(i))
				case "iot":
					ok = status/100 == 2 && (answer == "" || json.Valid([]byte(answer)))
				case "lambda":
					ok = status == http.StatusAccepted
				case "kinesis", "firehose", "es":
					ok = ok && json.Valid([]byte(answer)) // FuzzAcknowledged and FuzzESAnswer know more
				}
				if !ok {
					t.Errorf("%s: status %d, %q: record %d counts as delivered", s.name, status, answer, i)
				}
			}
		}
	})
}

// scripted is a server that answers the first thing that it is told, in pieces, and then
// nothing.
type scripted struct {
	net.Conn
	told   chan struct{}
	pieces [][]byte
}

func newScripted(answer []byte, piece int) *scripted {
	return &scripted{told: make(chan struct{}, 1), pieces: slices.Collect(slices.Chunk(answer, max(piece, 1)))}
}

func (c *scripted) Write(p []byte) (int, error) {
	select {
	case c.told <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (c *scripted) Read(p []byte) (int, error) {
	if len(c.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.pieces[0])
	if c.pieces[0] = c.pieces[0][n:]; len(c.pieces[0]) == 0 {
		c.pieces = c.pieces[1:]
	}
	return n, nil
}

func (*scripted) Close() error                     { return nil }
func (*scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*scripted) SetDeadline(time.Time) error      { return nil }
func (*scripted) SetReadDeadline(time.Time) error  { return nil }
func (*scripted) SetWriteDeadline(time.Time) error { return nil }

// FuzzReplies asserts that answers of Redis pass or not however they are cut into pieces,
// that none is passed on beyond its bound, and that no more is announced in them than a
// client may make room for.
func FuzzReplies(f *testing.F) {
	for _, answer := range []string{
		"+OK\r\n", "-ERR no\r\n:1\r\n$-1\r\n*-1\r\n", "$3\r\nabc\r\n*2\r\n:1\r\n*1\r\n$0\r\n\r\n", "*3\r\n+a\r\n*0\r\n$1\r\n\n\r\n",
		"%1\r\n", "$65537\r\n", "*131073\r\n", "*1\r\n*131072\r\n", "$+1\r\n", "$01\r\n", "+\n", "\r\n", "*-2\r\n",
		strings.Repeat("*1\r\n", 20), "+" + strings.Repeat("x", replyLine+1), "*100000\r\n*100000\r\n",
	} {
		for _, piece := range []uint16{1, 2, 3, 5, 1000} {
			f.Add([]byte(answer), piece)
		}
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint16) {
		read := func(piece int) ([]byte, error) {
			r := &replies{Conn: newScripted(answer, piece)}
			r.ration()
			return io.ReadAll(r)
		}
		whole, wholeErr := read(len(answer))
		pieces, err := read(int(piece))
		if (err == nil) != (wholeErr == nil) || err == nil && !bytes.Equal(whole, answer) || !bytes.HasPrefix(answer, pieces) {
			t.Errorf("%q in pieces of %d: %q, %v; whole: %q, %v", answer, piece, pieces, err, whole, wholeErr)
		}
		if err != nil && !errors.Is(err, errLong) {
			t.Errorf("%q: %v", answer, err)
		}
		values := 0
		for line := range bytes.Lines(whole) {
			count, whole := bytes.CutSuffix(bytes.TrimPrefix(line, []byte("*")), []byte("\r\n"))
			if n, err := strconv.Atoi(string(count)); line[0] == '*' && whole && err == nil {
				values += max(n, 0)
			}
		}
		if values > repliesValues && !bytes.ContainsRune(whole, '$') { // a string may look like anything
			t.Errorf("%q announces %d values", answer, values)
		}
	})
}

// FuzzRedisAnswer asserts that a SET is acknowledged by OK alone, in its place.
func FuzzRedisAnswer(f *testing.F) {
	for _, answer := range []string{
		"+OK\r\n+OK\r\n", "+OK\r\n", "-ERR no\r\n+OK\r\n", "+OK\r\n-MOVED 1 127.0.0.1:1\r\n", "$-1\r\n$-1\r\n", ":1\r\n*0\r\n",
		"*2\r\n+OK\r\n", "$2\r\nOK\r\n$2\r\nOK\r\n", "*-1\r\n+OK\r\n", "-\r\n-\r\n",
	} {
		f.Add([]byte(answer), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint16) {
		r, err := NewRedis("redis://127.0.0.1:1", Cache{}) // where it looks for a cluster that an answer tells of
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.server.Options().Dialer = func(context.Context, string, string) (net.Conn, error) {
			said := append([]byte("-ERR unknown command 'HELLO'\r\n"), answer...) // as servers before Redis 6 have it
			return &replies{Conn: newScripted(said, int(piece)), bytes: repliesBytes, values: repliesValues}, nil
		}
		o := r.Send(t.Context(), numbered(2))
		if err := errors.Join(o.Err(0), o.Err(1)); err != nil && string(answer) == "+OK\r\n+OK\r\n" {
			t.Error(err)
		}
		rest := answer
		for i := range 2 {
			if o.Err(i) != nil {
				return
			}
			status, isStatus := bytes.CutPrefix(rest, []byte("+OK\r\n"))
			text, isText := bytes.CutPrefix(rest, []byte("$2\r\nOK"))
			if !isStatus && !isText {
				t.Fatalf("%q: record %d counts as delivered", answer, i)
			}
			rest = status
			if isText {
				rest = text[min(2, len(text)):] // go-redis takes any two bytes for the line end
			}
		}
	})
}

// FuzzMemcachedAnswer asserts that a set is acknowledged by STORED alone, and that a login
// reads its line and no more.
func FuzzMemcachedAnswer(f *testing.F) {
	for _, answer := range []string{"STORED\r\n", "STORED", "NOT_STORED\r\n", "ERROR\r\n", "SERVER_ERROR out of memory\r\n", "CLIENT_ERROR x\r\nSTORED\r\n", "\r\n", "STORED\n"} {
		f.Add([]byte(answer), uint16(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint16) {
		m := NewMemcached("127.0.0.1:1", Cache{})
		defer m.Close()
		m.client.DialContext = func(context.Context, string, string) (net.Conn, error) { return newScripted(answer, int(piece)), nil }
		o := m.Send(t.Context(), numbered(1))
		err := o.Err(0)
		if stored := bytes.HasPrefix(answer, []byte("STORED\r\n")); stored != (err == nil) {
			t.Errorf("%q: the record has error %v", answer, err)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}

		conn := newScripted(answer, int(piece))
		err = login(conn, "user", "password")
		line, rest, _ := bytes.Cut(answer, []byte("\n"))
		if left := bytes.Join(conn.pieces, nil); err == nil && (string(bytes.TrimSuffix(line, []byte("\r"))) != "STORED" || !bytes.Equal(left, rest)) {
			t.Errorf("%q logs in, and leaves %q", answer, left)
		}
	})
}
