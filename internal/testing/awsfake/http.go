package awsfake

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// operation is a decoded request with its destination and its effect. run gets the
// records to refuse, with the code of each.
type operation struct {
	destination string
	externalID  string
	key         string
	records     int
	run         func(refuse map[int]string) (answer any, err *failure)
}

// failure is an error answer.
type failure struct {
	status  int
	code    string
	message string
}

func refusal(code, format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// jsonServices are the services that speak awsJson, by the prefix of their
// X-Amz-Target header.
var jsonServices = map[string]string{
	"Kinesis_20131202":  "kinesis",
	"Firehose_20150804": "firehose",
	"AmazonSQS":         "sqs",
	"DynamoDB_20120810": "dynamodb",
	"AWSEvents":         "eventbridge",
	"AWSStepFunctions":  "states",
}

// decode returns the operation in the body of a request.
func (s *Server) decode(service, name string, body []byte) (operation, *failure) {
	switch service + "." + name {
	case "kinesis.PutRecords":
		return s.putRecords(body)
	case "kinesis.ListShards":
		return s.listShards(body)
	case "firehose.PutRecordBatch":
		return s.putRecordBatch(body)
	case "sqs.SendMessageBatch":
		return s.sendMessageBatch(body)
	case "sqs.ReceiveMessage":
		return s.receiveMessage(body)
	case "sqs.DeleteMessageBatch":
		return s.deleteMessageBatch(body)
	case "sqs.ChangeMessageVisibilityBatch":
		return s.changeMessageVisibilityBatch(body)
	case "sqs.GetQueueUrl":
		return s.getQueueURL(body)
	case "eventbridge.PutEvents":
		return s.putEvents(body)
	case "states.StartExecution":
		return s.startExecution(body)
	case "states.DescribeExecution":
		return s.describeExecution(body)
	case "dynamodb.Query":
		return s.query(body)
	case "dynamodb.PutItem":
		return s.putItem(body)
	case "dynamodb.DeleteItem":
		return s.deleteItem(body)
	case "sns.PublishBatch":
		return s.publishBatch(body)
	case "sts.AssumeRole":
		return s.assumeRole(body)
	case "monitoring.PutMetricData":
		return s.putMetricData(body)
	}
	return operation{}, refusal("UnknownOperationException", "%s has no operation %s here", service, name)
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.enter()()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c := signer(r.Header.Get("Authorization"))
	c.Bytes, c.Trace = len(body), r.Header.Get("X-Amzn-Trace-Id")
	op, bad := s.read(&c, r, body)
	c.Destination, c.ExternalID, c.Records, c.Key = op.destination, op.externalID, op.records, op.key
	c, decide := s.begin(c)
	if c.AccessKey == "" && c.Service != "es" {
		bad = &failure{http.StatusForbidden, "MissingAuthenticationToken", "Missing Authentication Token"}
	}
	f := &Fault{}
	if decide != nil {
		f = cmp.Or(decide(c), f)
	}
	s.answer(w, r, c, op, bad, f)
}

// read finds the service and operation of a request, and decodes it.
func (s *Server) read(c *Call, r *http.Request, body []byte) (operation, *failure) {
	switch path := r.URL.Path; {
	case c.Service == "s3":
		return s.object(c, r, body)
	case strings.HasPrefix(path, topicsPath):
		c.Service, c.Operation = "iot", "Publish"
		return s.publish(r, body)
	case strings.HasPrefix(path, functionsPath) && strings.HasSuffix(path, invocationsPath):
		c.Operation = "Invoke"
		return s.invoke(r, body)
	case strings.HasSuffix(path, bulkPath):
		c.Service, c.Operation = cmp.Or(c.Service, "es"), "_bulk" // domains may be open to all
		c.User, _, _ = r.BasicAuth()
		return s.bulk(c.Service, r, body)
	}
	if target, op, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		c.Service, c.Operation = jsonServices[target], op
	} else if c.Service == "monitoring" {
		c.Operation = "PutMetricData" // its form may be compressed
	} else if form, err := url.ParseQuery(string(body)); err == nil {
		c.Operation = form.Get("Action") // the signature names the service
	}
	return s.decode(c.Service, c.Operation, body)
}

// answer applies the call, unless the call is bad or a fault prevents it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c Call, op operation, bad *failure, f *Fault) {
	s.wait(r, f.Delay)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(f.RetryAfter/time.Second)))
	}
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Body != nil:
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = w.Write(f.Body)
		return
	case f.Code != "":
		bad = &failure{cmp.Or(f.Status, http.StatusBadRequest), f.Code, f.Message}
	}
	var out any
	if bad == nil {
		out, bad = op.run(f.Refuse)
	}
	if f.After {
		panic(http.ErrAbortHandler)
	}
	switch {
	case c.Service == "sns" || c.Service == "sts" || c.Service == "monitoring":
		writeXML(w, c.Operation, out, bad)
	case c.Service == "s3":
		writeS3(w, out, bad)
	case c.Operation == "_bulk":
		writeES(w, out, bad)
	case out == accepted{}:
		w.WriteHeader(http.StatusAccepted)
	default:
		writeJSON(w, c.Service, out, bad)
	}
}

// wait waits for d, or until the caller or the server has gone.
func (s *Server) wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done:
		panic(http.ErrAbortHandler)
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// signer returns the service, region and access key of a signature: the Credential of a
// Signature Version 4 header is id/date/region/service/aws4_request.
func signer(authorization string) (c Call) {
	_, rest, _ := strings.Cut(authorization, "Credential=")
	scope, _, _ := strings.Cut(rest, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		c.AccessKey, c.Region, c.Service = parts[0], parts[2], parts[3]
	}
	return c
}

// queryCodes are the codes that SQS sends in a header for clients of its older protocol.
// Other codes are the same in both.
var queryCodes = map[string]string{
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":          "AWS.SimpleQueueService.BatchRequestTooLong",
	"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
}

// writeJSON answers in awsJson 1.0 and 1.1.
func writeJSON(w http.ResponseWriter, service string, out any, bad *failure) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if bad != nil {
		if service == "sqs" {
			w.Header().Set("X-Amzn-Query-Error", cmp.Or(queryCodes[bad.code], bad.code)+";Sender")
		}
		w.WriteHeader(bad.status)
		out = map[string]string{"__type": bad.code, "message": bad.message}
	}
	_ = json.NewEncoder(w).Encode(out) // a caller that is gone needs no answer
}

// writeXML answers in the query protocol.
func writeXML(w http.ResponseWriter, op string, out any, bad *failure) {
	w.Header().Set("Content-Type", "text/xml")
	if bad != nil {
		w.WriteHeader(bad.status)
		out = struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Code    string   `xml:"Error>Code"`
			Message string   `xml:"Error>Message"`
		}{Code: bad.code, Message: bad.message}
		_ = xml.NewEncoder(w).Encode(out)
		return
	}
	e := xml.NewEncoder(w)
	response := xml.StartElement{Name: xml.Name{Local: op + "Response"}}
	_ = e.EncodeToken(response)
	_ = e.EncodeElement(out, xml.StartElement{Name: xml.Name{Local: op + "Result"}})
	_ = e.EncodeToken(response.End())
	_ = e.Close()
}

// unmarshal decodes a JSON body.
func unmarshal(body []byte, v any) *failure {
	if err := json.Unmarshal(body, v); err != nil {
		return refusal("SerializationException", "%v", err)
	}
	return nil
}

// lastPart returns the name at the end of an ARN or a URL. It returns a plain name
// unchanged.
func lastPart(s string, separators string) string {
	return s[strings.LastIndexAny(s, separators)+1:]
}
