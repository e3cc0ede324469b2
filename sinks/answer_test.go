package sinks_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/sinks/internal/sinktest"
)

// answered returns the outcome of a request of n records at s that gets this answer.
func answered(t *testing.T, s service, n, status int, code, answer string) (recs []engine.Record, o engine.Outcome) {
	t.Helper()
	cfg := new(sinktest.Wire).Config()
	cfg.BaseEndpoint = aws.String("http://host")
	cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		h := http.Header{}
		if code != "" {
			h.Set("X-Amzn-Errortype", code)
		}
		return &http.Response{StatusCode: status, Request: r, Header: h, Body: io.NopCloser(strings.NewReader(answer))}, nil
	})
	sink := s.open(cfg)
	recs = hostileRecords(sink)[:min(n, max(sink.Limits().Records, 1))]
	return recs, sink.Send(t.Context(), recs)
}

// acknowledges reports whether an answer with status 200 acknowledges the message with an
// id, by decoders that the SDK does not use.
func acknowledges(service, answer, id string) bool {
	var ids struct{ taken, refused []string }
	if strings.HasPrefix(service, "sns") {
		type entry struct{ Id string } //nolint:revive // as SNS has it
		var all struct {
			XMLName xml.Name
			Result  struct {
				Successful struct {
					Member []entry `xml:"member"`
				}
				Failed struct {
					Member []entry `xml:"member"`
				}
			} `xml:"PublishBatchResult"`
		}
		if xml.Unmarshal([]byte(answer), &all) != nil {
			return false
		}
		for _, m := range all.Result.Successful.Member {
			ids.taken = append(ids.taken, strings.TrimSpace(m.Id))
		}
		return slices.Contains(ids.taken, id)
	}
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(answer), &all) != nil {
		return false
	}
	list := func(name string) (ids []string) {
		var entries []map[string]any
		_ = json.Unmarshal(all[name], &entries)
		for _, e := range entries {
			id, _ := e["Id"].(string)
			ids = append(ids, id)
		}
		return ids
	}
	return slices.Contains(list("Successful"), id) && !slices.Contains(list("Failed"), id)
}

// FuzzAnswer asserts that no answer makes a sink panic or acknowledge a record
// that it does not acknowledge by name, and that no error quotes an answer at length.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		"", "{}", "null", "[]", `{"message":"OK"}`, "<html></html>",
		`{"Successful":[{"Id":"0","MessageId":"m"},{"Id":"1","MessageId":"m"}],"Failed":[]}`,
		`{"Successful":[{"Id":"0","MessageId":"m"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`,
		`{"Successful":[{"Id":"+0"},{"Id":"00"},{"Id":"2"},{"Id":"-1"}],"Failed":[{"Id":"0","Code":"c","Message":"Reason: m","SenderFault":true}]}`,
		`{"Successful":[{"Id":"0"},{"Id":"1"}]}{}`, `{"Failed":[{}],"Successful":null}`,
		`<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id></member><member><Id>1</Id></member></Successful><Failed/></PublishBatchResult></PublishBatchResponse>`,
		`<PublishBatchResponse><PublishBatchResult><Failed><member><Id>0</Id><Code>c</Code><SenderFault>true</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>`,
		`<ErrorResponse><Error><Code>InvalidParameter</Code><Message>Invalid parameter: Message too long</Message></Error></ErrorResponse>`,
		`{"Entries":[{"EventId":"1"},{"EventId":"2"}],"FailedEntryCount":0}`, `{"executionArn":"arn","startDate":1}`, `{"executionArn":5}`,
		`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}`, `{"error":{"type":"index_closed_exception","reason":"r"},"status":400}`,
		`{"Message":"` + strings.Repeat("long ", 1000) + `"}`,
		`{"Successful":[` + strings.Repeat("{},", 1000) + `{"Id":"0"}]}`,
		strings.Repeat("[", 10_000), strings.Repeat(" ", awshttp.AnswerBytes+10_000),
	} {
		for _, status := range []uint16{http.StatusOK, http.StatusAccepted, http.StatusBadRequest, http.StatusServiceUnavailable} {
			f.Add(status, "", answer)
		}
		f.Add(uint16(http.StatusForbidden), "AccessDeniedException:http://internal", answer)
	}
	f.Fuzz(func(t *testing.T, status uint16, code, answer string) {
		if status < 200 || status > 599 {
			return // net/http reads no others, or follows them
		}
		for _, s := range hostileSinks() {
			recs, o := answered(t, s, 2, int(status), code, answer)
			for i := range recs {
				err := o.Err(i)
				if err != nil {
					if len(err.Error()) > 2000 {
						t.Errorf("%s: an error of %d bytes", s.name, len(err.Error()))
					}
					continue
				}
				ok := status == http.StatusOK
				switch name, _, _ := strings.Cut(s.name, "."); name {
				case "sqs", "sns":
					ok = status/100 == 2 && acknowledges(name, answer, strconv.Itoa(i))
				case "iot":
					ok = status/100 == 2 && (answer == "" || json.Valid([]byte(answer)))
				case "lambda":
					ok = status == http.StatusAccepted
				case "dynamodb": // TestBelievesNoOtherAnswer knows more
					ok = ok && json.Valid([]byte(answer)) || status == http.StatusBadRequest && strings.Contains(code+answer, "ConditionalCheckFailed")
				case "stepfunctions":
					var started struct{ ExecutionArn string }
					ok = status/100 == 2 && json.Unmarshal([]byte(answer), &started) == nil && started.ExecutionArn != ""
				case "eventbridge":
					ok = status/100 == 2 && json.Valid([]byte(answer)) // FuzzAcknowledged knows more
				case "kinesis", "firehose", "es":
					ok = ok && json.Valid([]byte(answer)) // FuzzAcknowledged and FuzzESAnswer know more
				}
				if !ok {
					t.Errorf("%s: status %d, %q: record %d counts as delivered", s.name, status, answer, i)
				}
			}
		}
	})
}
