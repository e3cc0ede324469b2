package awsfake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Limits of Kinesis, from the documentation of PutRecords.
const (
	kinesisRecords = 500
	kinesisRequest = 10 << 20
	kinesisRecord  = 1 << 20 // unless the stream's owner raised it
	kinesisKey     = 256     // characters
)

var hashKey = regexp.MustCompile(`^(0|[1-9]\d{0,38})$`)

type kinesisResult struct {
	ErrorCode      string `json:",omitempty"`
	ErrorMessage   string `json:",omitempty"`
	SequenceNumber string `json:",omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
}

func (s *Server) putRecords(body []byte) (op operation, bad *failure) {
	var in struct {
		StreamName, StreamARN string
		Records               []struct {
			Data                          []byte
			PartitionKey, ExplicitHashKey string
		}
	}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.destination = cmp.Or(in.StreamName, lastPart(in.StreamARN, "/"))
	op.records = len(in.Records)
	destination := "kinesis/" + op.destination
	if op.destination == "" {
		return op, refusal("InvalidArgumentException", "Either StreamName or StreamARN should be provided")
	}
	if n := len(in.Records); n == 0 || n > kinesisRecords {
		return op, invalid("[…]", "records", "Member must have length less than or equal to 500")
	}
	perRecord, total := s.limit(destination, kinesisRecord), 0
	recs := make([]Record, len(in.Records))
	for i, r := range in.Records {
		member := fmt.Sprintf("records.%d.member.", i+1)
		size := len(r.PartitionKey) + len(r.Data)
		total += size
		switch {
		case r.PartitionKey == "":
			return op, invalid("", member+"partitionKey", "Member must have length greater than or equal to 1")
		case utf8.RuneCountInString(r.PartitionKey) > kinesisKey:
			return op, invalid(r.PartitionKey, member+"partitionKey", "Member must have length less than or equal to 256")
		case r.ExplicitHashKey != "" && !hashKey.MatchString(r.ExplicitHashKey):
			return op, invalid(r.ExplicitHashKey, member+"explicitHashKey",
				`Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`)
		case size > perRecord:
			return op, invalid("java.nio.HeapByteBuffer", member+"data",
				fmt.Sprintf("Member must have length less than or equal to %d", perRecord))
		}
		recs[i] = Record{Data: r.Data, PartitionKey: r.PartitionKey, HashKey: r.ExplicitHashKey}
	}
	if total > kinesisRequest {
		return op, refusal("InvalidArgumentException", "Records size exceeds %d bytes limit", kinesisRequest)
	}
	op.run = func(refuse map[int]string) (any, *failure) { return s.putInto(destination, recs, refuse) }
	return op, nil
}

// putInto takes the records that are not refused.
func (s *Server) putInto(destination string, recs []Record, refuse map[int]string) (any, *failure) {
	var out struct {
		FailedRecordCount int
		Records           []kinesisResult
	}
	var kept []Record
	shards, named := s.shardsOf(destination)
	for i, r := range recs {
		if code, ok := refuse[i]; ok {
			out.FailedRecordCount++
			out.Records = append(out.Records, kinesisResult{ErrorCode: code, ErrorMessage: "Internal service failure."})
			continue
		}
		shard := shards.of(r)
		if named {
			r.Shard = shard
		}
		kept = append(kept, r)
		out.Records = append(out.Records, kinesisResult{
			SequenceNumber: fmt.Sprintf("4954498585%046d", i),
			ShardID:        shard,
		})
	}
	s.take(destination, kept)
	return out, nil
}

// invalid is a service's error for a bad parameter. It repeats the value.
func invalid(value, at, constraint string) *failure {
	quoted, _ := json.Marshal(value)
	return refusal("ValidationException",
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", quoted[1:len(quoted)-1], at, constraint)
}
