package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	nethttp "net/http"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
)

// reserved returns what to do instead of setting a header that fanout or HTTP itself sets,
// or "".
func reserved(name string) string {
	switch name {
	case "Authorization":
		return "write auth and secret, so that it is in no table"
	case "Idempotency-Key", "Webhook-Id":
		return "fanout makes it of the records"
	case "Webhook-Timestamp", "Webhook-Signature":
		return "auth hmac sets it"
	case "X-Amzn-Trace-Id":
		return "FANOUT_TRACING sets it"
	case "Content-Encoding":
		return "compress sets it"
	case "Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return "it belongs to the connection"
	}
	if strings.HasPrefix(name, "X-Amz-") {
		return "auth sigv4 sets it"
	}
	return ""
}

// maxHeaders is the most bytes of names and values. Servers take 8 KiB of header or more.
const maxHeaders = 4 << 10

// parseHeaders parses the attribute headers, a JSON object of strings; "": none. Its error
// joins all faults, and shows no value.
func parseHeaders(text string) (nethttp.Header, error) {
	h := make(nethttp.Header)
	if text == "" {
		return h, nil
	}
	var all map[string]string
	if json.Unmarshal([]byte(text), &all) != nil || all == nil {
		return nil, errors.New(`is no object of strings; write one such as {X-Tenant: "7"}`)
	}
	var faults []error
	size := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := all[name]
		size += len(name) + len(value) + len(": \r\n")
		canonical := nethttp.CanonicalHeaderKey(name)
		switch {
		case !isToken(name):
			faults = append(faults, fmt.Errorf("%s is no name of a header; write letters, digits and hyphens", awsname.Quote(name)))
		case reserved(canonical) != "":
			faults = append(faults, fmt.Errorf("%s cannot be set: %s; remove it", name, reserved(canonical)))
		case h[canonical] != nil:
			faults = append(faults, fmt.Errorf("%s is there twice; remove one", name))
		case jq.HasPlace(value):
			faults = append(faults, fmt.Errorf("%s has a place such as ${.id}, and headers are the same for all records; write constant text", name))
		case !isFieldValue(value):
			faults = append(faults, fmt.Errorf("%s has a value that is empty or has characters that a header cannot have; write visible ASCII", name))
		default:
			h[canonical] = []string{value}
		}
	}
	if size > maxHeaders {
		faults = append(faults, fmt.Errorf("has %d bytes, but servers may refuse more than %d; write shorter ones", size, maxHeaders))
	}
	return h, errors.Join(faults...)
}

// isToken reports whether s is a token of HTTP (RFC 9110, section 5.6.2).
func isToken(s string) bool { return awsname.IsName(s, 256, "!#$%&'*+-.^_`|~") }

// isFieldValue reports whether s is a value of a header in visible ASCII and single spaces
// (RFC 9110, section 5.5).
func isFieldValue(s string) bool {
	visible := !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	return s != "" && visible && strings.TrimSpace(s) == s
}
