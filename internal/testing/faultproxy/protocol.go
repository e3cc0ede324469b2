package faultproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

// Protocol separates requests and answers in a stream of bytes.
type Protocol struct {
	// counts reports whether a request that begins with these bytes is a real one, not
	// part of a handshake.
	counts func(head []byte) bool

	request func(*bufio.Reader) (command []byte, err error)
	answer  func(r *bufio.Reader, command []byte) ([]byte, error)
	middle  func(answer []byte) int // where to cut an answer
}

// HTTP is HTTP/1.1 (RFC 9112).
var HTTP = Protocol{
	counts: func([]byte) bool { return true },
	request: func(r *bufio.Reader) ([]byte, error) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return nil, err
		}
		return httputil.DumpRequest(req, true)
	},
	answer: func(r *bufio.Reader, command []byte) ([]byte, error) {
		method, _, _ := strings.Cut(string(command), " ")
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return nil, err
		}
		defer func() { _ = res.Body.Close() }() // the body was read
		return httputil.DumpResponse(res, true)
	},
	middle: func(answer []byte) int {
		head := bytes.Index(answer, []byte("\r\n\r\n")) + len("\r\n\r\n")
		if head == len(answer) {
			return bytes.IndexByte(answer, '\n') + 1
		}
		return (head + len(answer)) / 2
	},
}

// Redis is RESP, versions 2 and 3 (Redis documentation, RESP protocol specification).
// Only writes count as requests, because a connection begins with other commands.
var Redis = Protocol{
	counts: func(head []byte) bool {
		return bytes.Contains(head, []byte("\r\nset\r\n")) || bytes.Contains(head, []byte("\r\ndel\r\n"))
	},
	request: func(r *bufio.Reader) ([]byte, error) { return respValue(r) },
	answer:  func(r *bufio.Reader, _ []byte) ([]byte, error) { return respValue(r) },
	middle:  half,
}

// Memcached is the text protocol of memcached (doc/protocol.txt). It supports commands
// with answers of one line: set and delete, not get.
var Memcached = Protocol{
	counts: func([]byte) bool { return true },
	request: func(r *bufio.Reader) ([]byte, error) {
		command, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		words := strings.Fields(string(command))
		if len(words) < 5 || words[0] != "set" {
			return command, nil
		}
		return readMore(r, command, words[4])
	},
	answer: func(r *bufio.Reader, _ []byte) ([]byte, error) { return r.ReadBytes('\n') },
	middle: half,
}

func half(answer []byte) int { return len(answer) / 2 }

// respValue reads a value of any type, including nested values.
func respValue(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	size := string(bytes.TrimSpace(line[1:]))
	values := 0
	switch line[0] {
	case '$', '=', '!':
		if size == "-1" {
			return line, nil
		}
		return readMore(r, line, size)
	case '*', '~', '>', '%':
		if values, err = strconv.Atoi(size); err != nil {
			return nil, fmt.Errorf("%q is not the number of values", size)
		}
		if line[0] == '%' {
			values *= 2 // keys and values
		}
	}
	for range values {
		v, err := respValue(r)
		if err != nil {
			return nil, err
		}
		line = append(line, v...)
	}
	return line, nil
}

// maxData is the limit of data, in bytes. No test needs more.
const maxData = 64 << 20

// readMore reads size bytes of data and a line break, and appends them to b.
func readMore(r io.Reader, b []byte, size string) ([]byte, error) {
	n, err := strconv.ParseUint(size, 10, 32)
	if err != nil || n > maxData {
		return nil, fmt.Errorf("%q is not the size of data", size)
	}
	data := make([]byte, n+2)
	if _, err = io.ReadFull(r, data); err != nil {
		return nil, err
	}
	return append(b, data...), nil
}
