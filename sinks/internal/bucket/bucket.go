// Package bucket puts objects into buckets of Amazon S3.
package bucket

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/sinks/internal/request"
)

// Parse parses the URL of a bucket and a prefix, such as s3://lake/orders. The error says how
// to fix the text.
func Parse(text string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	switch {
	case !ok:
		return "", "", fmt.Errorf("%s is not the URL of a bucket; write one like s3://bucket/prefix", awsname.Quote(text))
	case !isName(bucket):
		return "", "", fmt.Errorf("%s is not the name of a bucket; write 3 to 63 small letters, digits, - and points", awsname.Quote(bucket))
	}
	return bucket, prefix, nil
}

// isName reports whether a bucket may have this name (Amazon S3 user guide, General purpose
// bucket naming rules).
func isName(name string) bool {
	ok := len(name) >= 3 && len(name) <= 63 && !strings.Contains(name, "..")
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		inner := (c == '-' || c == '.') && i > 0 && i < len(name)-1
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || inner
	}
	return ok
}

// Clean returns text for a part of a key: letters, digits and _ . - as they are, and any other
// byte as _.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && awsname.ConsistsOf(string(r), "_.-") {
			return r
		}
		return '_'
	}, text)
}

// Put is a PutObject request.
type Put struct {
	call *request.Call
}

// NewPut returns a request of sink, whose object's own text takes about size bytes. Write the
// object into its Body, and then call Send.
func NewPut(sink string, form *request.Form, size int) Put {
	return Put{request.NewCall(sink, form, 1, size)}
}

// Form returns the form of PutObject for objects of a type of content.
func Form(contentType string) *request.Form {
	return &request.Form{Operation: "PutObject", Method: http.MethodPut, Header: http.Header{"Content-Type": {contentType}}}
}

// Body returns the body of the object.
func (p Put) Body() *request.Body { return p.call.Body }

// Send puts the object. Its error has a class.
func (p Put) Send(ctx context.Context, client *awscall.Client, key string) error {
	p.call.Path = awscall.ObjectPath(key)
	return p.call.Put(ctx, client, acknowledged)
}

// acknowledged checks that an answer is that of S3, which names the object's entity tag and has
// no text, and not a proxy's page.
func acknowledged(answer *http.Response, text []byte) error {
	if answer.Header.Get("Etag") == "" || len(bytes.TrimSpace(text)) > 0 {
		return engine.Errorf(engine.Retryable, "the answer does not come from S3, so it is unknown whether the object was stored")
	}
	return nil
}
