package redis

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"syscall"

	"fanout/internal/awshttp"
	"fanout/sinks/internal/cache"
)

// Limits of a server's answers to the commands of one request. The answer to a write is
// one line. A full pipeline of them takes 350 KB if all are the longest error, MISCONF.
// The answer to COMMAND takes 90 KB and has 11,500 values (Redis 7.0). The answer to
// CLUSTER SLOTS takes up to 200 bytes and 10 values for each node of each range of slots.
// The limits leave room for the largest ElastiCache cluster, of 500 nodes, with ten ranges
// for each of them.
const (
	repliesBytes  = 1 << 20
	repliesValues = 1 << 16  // in arrays
	repliesDepth  = 16       // of arrays in arrays
	replyLine     = 16 << 10 // bytes
	replyString   = 64 << 10 // bytes
)

// countedReplies returns next with connections whose answers are limited. The client
// allocates as much as an answer announces, and recurses for each array. A limit of the
// bytes read is therefore not enough: the connection checks each announcement before the
// client sees it.
func countedReplies(next cache.Dialer) cache.Dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		r := &replies{Conn: conn}
		r.ration()
		if raw, ok := conn.(syscall.Conn); ok {
			return rawReplies{r, raw}, nil
		}
		return r, nil
	}
}

// rawReplies is for connections without TLS: the client looks at the socket to detect
// that the server closed an idle connection.
type rawReplies struct {
	*replies
	syscall.Conn
}

// replies is a connection to a server that speaks RESP2 (Redis serialization protocol
// specification), which is the default.
type replies struct {
	net.Conn
	bytes, values int // that may still arrive

	line []byte // the part of a line that has arrived
	skip int    // bytes of a string still to arrive, with CR LF
	open []int  // how many values each open array lacks, outermost first
	err  error
}

// ration resets the limits for the answers to a request.
func (r *replies) ration() { r.bytes, r.values = repliesBytes, repliesValues }

// Write starts or continues a request.
func (r *replies) Write(p []byte) (int, error) {
	r.ration()
	return r.Conn.Write(p)
}

// Read returns only bytes that look has checked.
func (r *replies) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.Conn.Read(p)
	if r.bytes -= n; r.bytes < 0 || !r.look(p[:n]) {
		r.err = awshttp.ErrLong
		return 0, r.err
	}
	return n, err
}

// look parses the answers in p, and reports whether they are within the limits.
func (r *replies) look(p []byte) bool {
	for len(p) > 0 {
		if r.skip > 0 {
			n := min(r.skip, len(p))
			p = p[n:]
			if r.skip -= n; r.skip == 0 {
				r.ended()
			}
			continue
		}
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			r.line = append(r.line, p...)
			return len(r.line) <= replyLine
		}
		line := p[:end]
		if len(r.line) > 0 {
			r.line = append(r.line, line...)
			line, r.line = r.line, r.line[:0]
		}
		if !r.begun(line) {
			return false
		}
		p = p[end:]
	}
	return true
}

// begun reads a line, which is a value or announces one.
func (r *replies) begun(line []byte) bool {
	switch line[0] {
	case '+', '-', ':':
		r.ended()
		return len(line) <= replyLine
	case '$':
		n, ok := announced(line, replyString)
		if ok && n < 0 {
			r.ended()
		} else if ok {
			r.skip = n + len("\r\n")
		}
		return ok
	case '*':
		n, ok := announced(line, r.values)
		if !ok || len(r.open) == repliesDepth {
			return false
		}
		if n <= 0 {
			r.ended()
		} else {
			r.values -= n
			r.open = append(r.open, n)
		}
		return true
	}
	return false // another version of the protocol
}

// ended counts a complete value, and the arrays that it completes.
func (r *replies) ended() {
	for last := len(r.open) - 1; last >= 0; last-- {
		if r.open[last]--; r.open[last] > 0 {
			return
		}
		r.open = r.open[:last]
	}
}

// announced returns the length that a line announces; -1: there is no value.
func announced(line []byte, most int) (n int, ok bool) {
	text := string(bytes.TrimSuffix(line[1:], []byte("\r\n")))
	n, err := strconv.Atoi(text)
	return n, err == nil && strconv.Itoa(n) == text && -1 <= n && n <= most
}
