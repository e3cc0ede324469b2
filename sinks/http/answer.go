package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"strconv"
	"time"

	"fanout/engine"
	"fanout/sinks/internal/classify"
)

// maxRest is the limit, in bytes, of an answer that is read so that its connection can be
// used again.
const maxRest = 64 << 10

// finish reads the rest of an answer, and closes it.
func finish(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxRest) // its end is not needed
	_ = body.Close()
}

// verdictOf returns the verdict on a status (RFC 9110, section 15). 409 is that of a request
// whose first attempt is still being processed (IETF draft, The Idempotency-Key HTTP Header
// Field), so it is sent again. It reports false for a status that the server would repeat.
func verdictOf(status int) (v classify.Verdict, known bool) {
	switch {
	case status == nethttp.StatusRequestTimeout, status == nethttp.StatusConflict, status == nethttp.StatusTooEarly:
		return classify.ServerError, true
	case status == nethttp.StatusTooManyRequests, status == nethttp.StatusServiceUnavailable:
		return classify.Throttled, true
	case status/100 == 5:
		return classify.ServerError, true
	}
	return v, false
}

// refused returns the error for an answer that delivers nothing. It quotes no body, because
// servers repeat the request there.
func refused(name string, resp *nethttp.Response) error {
	status := resp.StatusCode
	sentence := func(class engine.Class, why string) error {
		e := classify.Sentence(class, name, "HTTP status "+statusText(status), why)
		e.After = classify.RetryAfter(resp.Header, time.Now())
		return e
	}
	if v, known := verdictOf(status); known {
		return sentence(v.Class, v.Why)
	}
	switch {
	case status/100 == 3:
		return sentence(engine.Permanent, elsewhere(resp)+", and fanout follows no redirect; write that URL as destination")
	case status == nethttp.StatusUnauthorized, status == nethttp.StatusForbidden, status == nethttp.StatusProxyAuthRequired:
		return sentence(engine.Permanent, "access is denied: check auth, the secret, and the rights of its owner")
	case status == nethttp.StatusNotFound, status == nethttp.StatusGone, status == nethttp.StatusMethodNotAllowed:
		return sentence(engine.Permanent, "the URL takes no records: correct it")
	case status == nethttp.StatusRequestEntityTooLarge:
		return sentence(engine.TooLarge, "the request is larger than the server takes")
	}
	return sentence(engine.Refused, "the server refuses the record, or another one in its request")
}

// elsewhere says where a redirect leads, without path and query, which may have keys.
func elsewhere(resp *nethttp.Response) string {
	to, err := url.Parse(resp.Header.Get("Location"))
	if err == nil && resp.Request != nil && resp.Request.URL != nil {
		to = resp.Request.URL.ResolveReference(to)
	}
	if err != nil || to.Host == "" {
		return "it leads to another URL"
	}
	return fmt.Sprintf("it leads to %s://%s", classify.Shorten(to.Scheme), classify.Shorten(to.Host))
}

// statusText returns a status with its name.
func statusText(status int) string {
	text := strconv.Itoa(status)
	if name := nethttp.StatusText(status); name != "" {
		text += " " + name
	}
	return text
}
