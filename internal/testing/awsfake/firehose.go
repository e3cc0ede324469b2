package awsfake

import "fmt"

// Limits of Firehose, from the documentation of PutRecordBatch. They count the data
// before it is encoded.
const (
	firehoseRecords = 500
	firehoseRequest = 4 << 20
	firehoseRecord  = 1000 << 10
)

type firehoseResult struct {
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
	RecordID     string `json:"RecordId,omitempty"`
}

func (s *Server) putRecordBatch(body []byte) (op operation, bad *failure) {
	var in struct {
		DeliveryStreamName string
		Records            []struct{ Data []byte }
	}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.destination, op.records = in.DeliveryStreamName, len(in.Records)
	if n := len(in.Records); n == 0 || n > firehoseRecords {
		return op, invalid("[…]", "records", "Member must have length less than or equal to 500")
	}
	total := 0
	recs := make([]Record, len(in.Records))
	for i, r := range in.Records {
		if len(r.Data) > firehoseRecord {
			return op, invalid("java.nio.HeapByteBuffer", fmt.Sprintf("records.%d.member.data", i+1),
				"Member must have length less than or equal to 1024000")
		}
		total += len(r.Data)
		recs[i] = Record{Data: r.Data}
	}
	if total > firehoseRequest {
		return op, refusal("InvalidArgumentException", "Records size exceeds 4 MB limit")
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		var out struct {
			FailedPutCount   int
			RequestResponses []firehoseResult
		}
		var kept []Record
		for i, r := range recs {
			if code, ok := refuse[i]; ok {
				out.FailedPutCount++
				out.RequestResponses = append(out.RequestResponses, firehoseResult{ErrorCode: code, ErrorMessage: "Internal service failure."})
				continue
			}
			kept = append(kept, r)
			out.RequestResponses = append(out.RequestResponses, firehoseResult{RecordID: fmt.Sprintf("record-%d", i)})
		}
		s.take("firehose/"+op.destination, kept)
		return out, nil
	}
	return op, nil
}
