package awserr

import (
	"fmt"
	"net/http"
)

// NotAWS is an answer that no AWS service gives. It comes from a proxy, a portal, or
// another server at the endpoint.
type NotAWS struct {
	Host   string // that answered; "" if unknown
	Status string // such as 200 OK; "" if unknown
}

// Error implements error.
func (e *NotAWS) Error() string {
	text := "got an answer that does not come from AWS"
	if e.Host != "" {
		text = fmt.Sprintf("got an answer from %s that does not come from AWS", e.Host)
	}
	if e.Status != "" {
		text += " (" + e.Status + ")"
	}
	return text + "; check --region, --endpoint-url and proxies"
}

// NotAWSFrom makes an error from a response.
func NotAWSFrom(r *http.Response) *NotAWS {
	e := new(NotAWS)
	if r == nil {
		return e
	}
	e.Status = r.Status
	if r.Request != nil && r.Request.URL != nil {
		e.Host = r.Request.URL.Host
	}
	return e
}
