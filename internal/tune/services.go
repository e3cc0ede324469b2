package tune

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Services is an http.RoundTripper that replaces AWS: it acknowledges every record
// of a request at once. Nothing leaves the process.
type Services struct{}

// answer describes how a request shows its records, and how an answer acknowledges
// one record (# stands for its number) and all of them.
type answer struct {
	record     string
	head, one  string
	between    string
	tail, kind string
	status     int
	tag        string // of an object
}

const (
	jsonAnswer = "application/x-amz-json-1.1"
	xmlAnswer  = "text/xml"
)

// answers holds the answers by operation.
var answers = map[string]answer{
	"PutRecords": {record: `"PartitionKey":`, head: `{"FailedRecordCount":0,"Records":[`,
		one: `{"SequenceNumber":"1","ShardId":"s"}`, between: ",", tail: `]}`, kind: jsonAnswer},
	"ListShards": {head: `{"Shards":[{"ShardId":"s","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"}}]}`, kind: jsonAnswer},
	"PutRecordBatch": {record: `"Data":`, head: `{"FailedPutCount":0,"RequestResponses":[`,
		one: `{"RecordId":"r"}`, between: ",", tail: `]}`, kind: jsonAnswer},
	"SendMessageBatch": {record: `"MessageBody":`, head: `{"Failed":[],"Successful":[`,
		one: `{"Id":"#","MessageId":"m"}`, between: ",", tail: `]}`, kind: "application/x-amz-json-1.0"},
	"PublishBatch": {record: `.Message=`, head: `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful>`,
		one: `<member><Id>#</Id><MessageId>m</MessageId></member>`, tail: `</Successful></PublishBatchResult></PublishBatchResponse>`, kind: xmlAnswer},
	"PutEvents": {record: `"Detail":`, head: `{"FailedEntryCount":0,"Entries":[`,
		one: `{"EventId":"e"}`, between: ",", tail: `]}`, kind: jsonAnswer},
	"StartExecution": {head: `{"executionArn":"e","startDate":1}`, kind: "application/x-amz-json-1.0"},
	"PutItem":        {head: `{}`, kind: "application/x-amz-json-1.0"},
	"DeleteItem":     {head: `{}`, kind: "application/x-amz-json-1.0"},
	"PutObject":      {tag: `"t"`},

	"_bulk":  {head: `{"errors":false,"items":[`, one: `{"@":{"status":201}}`, between: ",", tail: `]}`, kind: "application/json"},
	"Invoke": {status: http.StatusAccepted},
}

// RoundTrip implements http.RoundTripper.
func (Services) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	op := operation(r, body)
	a := answers[op]
	n := bytes.Count(body, []byte(a.record))
	var done []string // action names, for a _bulk request
	switch {
	case op == "_bulk":
		done = actions(body)
		n = len(done)
	case a.record == "":
		n = 0
	}
	var b strings.Builder
	b.WriteString(a.head)
	for i := range n {
		if i > 0 {
			b.WriteString(a.between)
		}
		one := strings.Replace(a.one, "#", strconv.Itoa(i), 1)
		if done != nil {
			one = strings.Replace(one, "@", done[i], 1)
		}
		b.WriteString(one)
	}
	b.WriteString(a.tail)
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	header := http.Header{"Content-Type": {a.kind}}
	if a.tag != "" {
		header.Set("Etag", a.tag)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Request: r, ContentLength: int64(b.Len()), Header: header,
		Body: io.NopCloser(strings.NewReader(b.String())),
	}, nil
}

// operation names the operation of a request.
func operation(r *http.Request, body []byte) string {
	if _, op, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return op
	}
	switch path := r.URL.Path; {
	case r.Method == http.MethodPut:
		return "PutObject"
	case strings.HasSuffix(path, "/_bulk"):
		return "_bulk"
	case strings.HasSuffix(path, "/invocations"), strings.HasSuffix(path, "/invoke-async"):
		return "Invoke"
	}
	if _, rest, ok := bytes.Cut(body, []byte("Action=")); ok {
		op, _, _ := bytes.Cut(rest, []byte("&"))
		return string(op)
	}
	return ""
}

// actions returns the names of the actions in the body of a _bulk request. A
// document can begin like an action, but always follows one.
func actions(body []byte) (names []string) {
	document := false
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		if document || len(line) == 0 {
			document = false
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(string(line), `{"`), `"`)
		names = append(names, name)
		document = name != "delete"
	}
	return names
}
