package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// post sends a request to services over HTTP, to a path or for a target, and returns the
// status and the answer.
func post(t *testing.T, s *Services, target, body string) (int, []byte) {
	t.Helper()
	path := "/"
	if strings.HasPrefix(target, path) {
		path, target = target, ""
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	inside := r.Clone(t.Context())
	inside.Body = io.NopCloser(strings.NewReader(body))
	answer, err := (&Services{Query: s.Query, Faults: s.Faults}).RoundTrip(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(text, w.Body.Bytes()) || answer.StatusCode != w.Code {
		t.Errorf("within the process: %d %s, %v\nover HTTP: %d %s", answer.StatusCode, text, err, w.Code, w.Body)
	}
	return w.Code, w.Body.Bytes()
}

func TestServices(t *testing.T) {
	for name, c := range map[string]struct {
		target, body string
		faults       float64
		status       int
		answer       string
		calls, took  int64
	}{
		"kinesis": {
			"Kinesis_20131202.PutRecords", `{"Records":[{"Data":"YQ==","PartitionKey":"a"},{"Data":"Yg==","PartitionKey":"b"}]}`, 0, 200,
			`{"Records":[{"SequenceNumber":"` + sequenceNumber + `","ShardId":"shardId-000000000001"},` +
				`{"SequenceNumber":"` + sequenceNumber + `","ShardId":"shardId-000000000001"}],"FailedRecordCount":0}`, 1, 2,
		},
		"kinesis refuses": {
			"Kinesis_20131202.PutRecords", `{"Records":[{"Data":"YQ==","PartitionKey":"a"}]}`, 1, 200,
			`{"Records":[{"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}],"FailedRecordCount":1}`, 1, 0,
		},
		"firehose": {
			"Firehose_20150804.PutRecordBatch", `{"Records":[{"Data":"YQ=="}]}`, 0, 200,
			`{"Encrypted":false,"RequestResponses":[{"RecordId":"` + recordID + `"}],"FailedPutCount":0}`, 1, 1,
		},
		"sqs": {
			"AmazonSQS.SendMessageBatch", `{"Entries":[{"Id":"0","MessageBody":"{\"Id\":\"x\"}"},{"Id":"one","MessageBody":""}]}`, 0, 200,
			`{"MessageId":"` + messageID + `","Successful":[{"Id":"0","MessageId":"` + messageID + `"},{"Id":"one","MessageId":"` + messageID + `"}],"Failed":[]}`, 1, 0,
		},
		"sqs refuses": {
			"AmazonSQS.SendMessageBatch", `{"Entries":[{"Id":"0","MessageBody":""},{"Id":"1","MessageBody":""}]}`, 1, 200,
			`{"MessageId":"` + messageID + `","Successful":[],"Failed":[{"Id":"0","Code":"InternalError","SenderFault":false},{"Id":"1","Code":"InternalError","SenderFault":false}]}`, 1, 0,
		},
		"sns": {
			"", "Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=0&PublishBatchRequestEntries.member.1.Message=.Id%3D1", 0, 200,
			`<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful>` +
				`<member><Id>0</Id><MessageId>` + messageID + `</MessageId></member></Successful></PublishBatchResult></PublishBatchResponse>`, 1, 0,
		},
		"es": {
			"/orders/_bulk", `{"create":{"_id":"a/1"}}` + "\n" + `{"create":{"_id":"no"}}` + "\n" + `{"create":{"_id":"a/2"}}` + "\n{}\n", 0, 200,
			`{"took":30,"errors":false,"items":[{"create":{"_index":"orders","_id":"a/1","_version":1,"result":"created",` +
				`"_shards":{"total":2,"successful":2,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}},` +
				`{"create":{"_index":"orders","_id":"a/2","_version":1,"result":"created",` +
				`"_shards":{"total":2,"successful":2,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}}]}`, 1, 2,
		},
		"iot":                {"/topics/orders", "{}", 0, 200, `{"message":"OK","traceId":"` + messageID + `"}`, 1, 0},
		"lambda":             {"/2015-03-31/functions/worker/invocations", `{"Records":[]}`, 0, 202, "", 1, 0},
		"dynamodb":           {"DynamoDB_20120810.Query", `{}`, 0, 200, `{"Items":[{}]}`, 0, 0},
		"ledger":             {"DynamoDB_20120810.Query", `{"TableName":"ledger"}`, 0, 200, `{"Count":0,"Items":[]}`, 0, 0},
		"cloudwatch":         {"", "Action=PutMetricData&Version=2010-08-01", 0, 200, `<PutMetricDataResponse/>`, 0, 0},
		"cloudwatch, packed": {"", "\x1f\x8b…", 0, 200, `<PutMetricDataResponse/>`, 0, 0},
		"shards":             {"Kinesis_20131202.ListShards", `{"StreamName":"copy"}`, 0, 200, shardList, 0, 0},
		"another":            {"Kinesis_20131202.GetRecords", "{}", 0, 400, `{"__type":"UnknownOperationException"}`, 0, 0},
		"nothing":            {"", "", 0, 400, `{"__type":"UnknownOperationException"}`, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Services{Faults: c.faults, Query: []byte(`{"Items":[{}]}`)}
			status, answer := post(t, s, c.target, c.body)
			if diff := cmp.Diff(c.answer, string(answer)); diff != "" || status != c.status {
				t.Errorf("status %d: %s", status, diff)
			}
			if s.Calls() != c.calls || s.Acknowledged() != c.took {
				t.Errorf("%d calls, %d records; want %d and %d", s.Calls(), s.Acknowledged(), c.calls, c.took)
			}
		})
	}
}

// TestFaults asserts that a share of the records is refused, the same records in every
// run.
func TestFaults(t *testing.T) {
	var runs [2]string
	for i := range runs {
		var f faults
		refused := 0
		for range 10_000 {
			if f.refuse(0.1) {
				refused++
				runs[i] += "x"
				continue
			}
			runs[i] += "."
		}
		if refused < 900 || refused > 1100 {
			t.Errorf("%d of 10,000 refused, want about 1,000", refused)
		}
	}
	if runs[0] != runs[1] {
		t.Error("two runs refuse different records")
	}
}

func TestTargets(t *testing.T) {
	w := Workload{Event: dynamodbEvent(1), Targets: []Target{{"sqs", Attributes{"convertDDB": true, "batchRecords": 5}}, {Type: "kinesis"}}}
	var file struct{ Targets []map[string]any }
	if err := json.Unmarshal(w.File(), &file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{
		"sourceArn": TableARN, "id": "t0", "type": "sqs", "active": true, "convertDDB": true, "batchRecords": 5.0,
		"destination": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
	}, file.Targets[0]); diff != "" {
		t.Error(diff)
	}
	var query struct{ Items []map[string]map[string]any }
	if err := json.Unmarshal(w.Query(), &query); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]map[string]any{
		"sourceArn": {"S": TableARN}, "id": {"S": "t1"}, "type": {"S": "kinesis"}, "destination": {"S": "copy"}, "active": {"BOOL": true},
	}, query.Items[1]); diff != "" {
		t.Error(diff)
	}
	if n := query.Items[0]["batchRecords"]["N"]; n != "5" {
		t.Errorf("a number is %v", n)
	}
	if w.Types() != "sqs,kinesis" {
		t.Errorf("types %s", w.Types())
	}
}

func TestFind(t *testing.T) {
	if w, err := Find("W4"); err != nil || w.Records != 1000 {
		t.Errorf("%d records, %v", w.Records, err)
	}
	if _, err := Find("W9"); err == nil || !strings.Contains(err.Error(), `"W9"`) {
		t.Errorf("%v", err)
	}
}
