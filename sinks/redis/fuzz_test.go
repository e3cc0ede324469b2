package redis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"fanout/internal/awshttp"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

// FuzzReplies asserts that answers of Redis pass or not however they are cut into pieces,
// that none is passed on beyond its bound, and that no more is announced in them than a
// client may make room for.
func FuzzReplies(f *testing.F) {
	for _, answer := range []string{
		"+OK\r\n", "-ERR no\r\n:1\r\n$-1\r\n*-1\r\n", "$3\r\nabc\r\n*2\r\n:1\r\n*1\r\n$0\r\n\r\n", "*3\r\n+a\r\n*0\r\n$1\r\n\n\r\n",
		"%1\r\n", "$65537\r\n", "*65537\r\n", "*1\r\n*65536\r\n", "$+1\r\n", "$01\r\n", "+\n", "\r\n", "*-2\r\n",
		strings.Repeat("*1\r\n", 20), "+" + strings.Repeat("x", replyLine+1), "*100000\r\n*100000\r\n",
	} {
		for _, piece := range []uint16{1, 2, 3, 5, 1000} {
			f.Add([]byte(answer), piece)
		}
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint16) {
		read := func(piece int) ([]byte, error) {
			r := &replies{Conn: sinktest.NewScripted(answer, piece)}
			r.ration()
			return io.ReadAll(r)
		}
		whole, wholeErr := read(len(answer))
		pieces, err := read(int(piece))
		if (err == nil) != (wholeErr == nil) || err == nil && !bytes.Equal(whole, answer) || !bytes.HasPrefix(answer, pieces) {
			t.Errorf("%q in pieces of %d: %q, %v; whole: %q, %v", answer, piece, pieces, err, whole, wholeErr)
		}
		if err != nil && !errors.Is(err, awshttp.ErrLong) {
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
		r, err := New("redis://127.0.0.1:1", cache.Options{}) // the address at which it looks for a cluster named in an answer
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.server.Options().Dialer = func(context.Context, string, string) (net.Conn, error) {
			said := append([]byte("-ERR unknown command 'HELLO'\r\n"), answer...) // as servers before Redis 6 have it
			return &replies{Conn: sinktest.NewScripted(said, int(piece)), bytes: repliesBytes, values: repliesValues}, nil
		}
		o := r.Send(t.Context(), sinktest.Numbered(2))
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
