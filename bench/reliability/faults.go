package main

import (
	"fmt"
	"net/http"

	"fanout/internal/testing/faultproxy"
)

// fault is a row of the matrix: a failure of a target. Each type of target has at most
// one way to make it.
type fault struct {
	name  string
	lasts bool    // for the whole first invocation; otherwise for two requests
	taken bool    // the target takes the records, but the answer is lost
	want  outcome // where the fault is possible

	wire    map[family]faultproxy.Fault // between client and server
	code    string                      // AWS services answer with this error
	partial bool                        // AWS services refuse every second record of a request
	refused bool                        // connections are refused; of a file, its folder is missing
	tls     bool                        // the target's certificate is of an unknown authority
	diverts bool                        // the target has an onFailure target
}

// outcome is the result of the records of an invocation with the fault.
type outcome string

const (
	impossible outcome = "—"
	delivered  outcome = "delivered"       // by this invocation, after another attempt
	twice      outcome = "delivered twice" // the same, and records that the target took before arrive again
	sentAgain  outcome = "reported"        // failed and reported; delivered when Lambda sent them again
	diverted   outcome = "diverted"        // taken by the onFailure target
)

// family is the protocol of a type of target.
type family uint8

const (
	overHTTP family = iota
	overPost        // a web server, whose status alone acknowledges
	overRESP
	overText // of memcached
	onDisk
)

const html = "<html><body><h1>Bad Gateway</h1></body></html>"

// faults returns the rows of the matrix.
func faults() []fault { return append(answerFaults(), connectionFaults()...) }

// answerFaults are faults in a service's answer.
func answerFaults() []fault {
	return []fault{
		{name: "429", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusTooManyRequests, "", `{"message":"Too Many Requests"}`),
			overPost: status(http.StatusTooManyRequests, "", ""),
			overRESP: closing("-ERR max number of clients reached"),
			overText: line("SERVER_ERROR out of memory storing object"),
		}},
		{name: "500", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusInternalServerError, "", `{"message":"Internal Server Error"}`),
			overPost: status(http.StatusInternalServerError, "", ""),
			overRESP: line("-LOADING Redis is loading the dataset in memory"),
			overText: line("SERVER_ERROR internal error"),
		}},
		{name: "503, Retry-After: 1", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusServiceUnavailable, "Retry-After: 1\r\n", `{"message":"Service Unavailable"}`),
			overPost: status(http.StatusServiceUnavailable, "Retry-After: 1\r\n", ""),
			overRESP: line("-BUSY Redis is busy running a script"),
			overText: closing("ERROR Too many open connections"),
		}},
		{name: "some records refused", want: delivered, partial: true, wire: map[family]faultproxy.Fault{
			overRESP: {Answer: func(i int) []byte {
				if i%2 == 0 {
					return nil
				}
				return []byte("-TRYAGAIN Multiple keys request during rehashing of slot\r\n")
			}},
			overText: line("SERVER_ERROR out of memory storing object"), // each set is a request
		}},
		{name: "malformed answer", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusOK, "", `{"Records":[{"SequenceNumber"`),
			overRESP: closing("\x00\x01OK"),
			overText: closing("\x00\x01STORED"),
		}},
		{name: "200 and a page of HTML", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusOK, "Content-Type: text/html\r\n", html),
			overRESP: closing("HTTP/1.1 200 OK\r\n\r\n" + html),
			overText: closing("HTTP/1.1 200 OK\r\n\r\n" + html),
		}},
		{name: "502 and a page of HTML", want: delivered, wire: map[family]faultproxy.Fault{
			overHTTP: status(http.StatusBadGateway, "Content-Type: text/html\r\n", html),
			overPost: status(http.StatusBadGateway, "Content-Type: text/html\r\n", html),
			overRESP: closing("HTTP/1.1 502 Bad Gateway\r\n\r\n" + html),
			overText: closing("HTTP/1.1 502 Bad Gateway\r\n\r\n" + html),
		}},
	}
}

// connectionFaults are faults of the connection and of permissions.
func connectionFaults() []fault {
	everywhere := func(f faultproxy.Fault) map[family]faultproxy.Fault {
		all := map[family]faultproxy.Fault{overHTTP: f, overRESP: f, overText: f}
		if f.Cut != faultproxy.CutStall { // it waits for half a minute
			all[overPost] = f
		}
		return all
	}
	return []fault{
		{name: "answer cut off", want: delivered, taken: true, wire: everywhere(faultproxy.Fault{Cut: faultproxy.CutEnd})},
		{name: "answer slower than the attempt's time", want: delivered, taken: true, wire: everywhere(faultproxy.Fault{Cut: faultproxy.CutStall})},
		{name: "reset before the request is read", want: delivered, wire: everywhere(faultproxy.Fault{Reset: true})},
		{name: "reset in the middle of the answer", want: delivered, taken: true, wire: everywhere(faultproxy.Fault{Cut: faultproxy.CutReset})},
		{name: "connection refused", want: sentAgain, lasts: true, refused: true},
		{name: "certificate of an unknown authority", want: sentAgain, lasts: true, tls: true},
		{name: "credentials expired", want: delivered, code: "ExpiredTokenException"},
		{name: "access denied", want: sentAgain, lasts: true, code: "AccessDeniedException", wire: map[family]faultproxy.Fault{
			overPost: status(http.StatusForbidden, "", ""),
			overRESP: line("-NOPERM this user has no permissions to run the 'set' command"),
			overText: line("CLIENT_ERROR unauthenticated"),
		}},
		{name: "access denied, with onFailure", want: diverted, lasts: true, diverts: true, code: "AccessDeniedException", refused: false, wire: map[family]faultproxy.Fault{
			overPost: status(http.StatusForbidden, "", ""),
			overRESP: line("-NOPERM this user has no permissions to run the 'set' command"),
			overText: line("CLIENT_ERROR unauthenticated"),
		}},
	}
}

// expected returns the required outcome for a fault and a type of target.
func (f *fault) expected(k *kind) outcome {
	_, wired := f.wire[k.family]
	aws := k.family == overHTTP && (f.code != "" || f.partial && k.many)
	file := k.family == onDisk && f.refused
	net := k.family != onDisk && f.refused
	switch {
	case !wired && !aws && !file && !net && (!f.tls || k.scheme == ""):
		return impossible
	case f.taken && k.repeats:
		return twice
	}
	return f.want
}

// status returns an HTTP answer that replaces the service's.
func status(code int, header, body string) faultproxy.Fault {
	answer := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s", code, http.StatusText(code), header, len(body), body)
	return faultproxy.Fault{Answer: func(int) []byte { return answer }}
}

// line returns a fault that answers every command with a line.
func line(text string) faultproxy.Fault {
	return faultproxy.Fault{Answer: func(int) []byte { return []byte(text + "\r\n") }}
}

// closing returns a fault that answers the first command with a line and then closes the
// connection.
func closing(text string) faultproxy.Fault {
	return faultproxy.Fault{Close: true, Answer: func(i int) []byte {
		if i > 0 {
			return []byte{}
		}
		return []byte(text + "\r\n")
	}}
}
