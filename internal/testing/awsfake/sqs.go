package awsfake

import (
	"crypto/md5" //nolint:gosec // the checksum that SQS answers with
	"encoding/hex"
)

// sqsBytes is the limit of a message and of a request.
const sqsBytes = 1 << 20

// The field names in a response come from the API.
type (
	sqsTaken struct {
		ID        string `json:"Id"`
		MessageID string `json:"MessageId"`
		MD5       string `json:"MD5OfMessageBody"`
	}
	sqsFailed struct {
		ID          string `json:"Id"`
		Code        string
		Message     string
		SenderFault bool
	}
)

func (s *Server) sendMessageBatch(body []byte) (op operation, bad *failure) {
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []struct {
			ID                string `json:"Id"`
			MessageBody       string
			MessageAttributes map[string]struct {
				DataType, StringValue string
				BinaryValue           []byte
			}
			MessageSystemAttributes struct {
				AWSTraceHeader struct{ DataType, StringValue string }
			}
			MessageGroupID         string `json:"MessageGroupId"`
			MessageDeduplicationID string `json:"MessageDeduplicationId"`
		}
	}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.destination, op.records = lastPart(in.QueueURL, "/"), len(in.Entries)
	destination := "sqs/" + op.destination
	ms := make([]message, len(in.Entries))
	for i, e := range in.Entries {
		ms[i] = message{id: e.ID, body: e.MessageBody, group: e.MessageGroupID, dedup: e.MessageDeduplicationID, trace: e.MessageSystemAttributes.AWSTraceHeader.StringValue}
		for name, a := range e.MessageAttributes {
			ms[i].set(name, Attribute{a.DataType, a.StringValue + string(a.BinaryValue)})
		}
	}
	if bad := batch(ms, sqsBytes); bad != nil {
		return op, bad
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		var out struct {
			Successful []sqsTaken
			Failed     []sqsFailed
		}
		for i, v := range s.judge(destination, "InvalidParameterValue", ms, s.limit(destination, sqsBytes), refuse) {
			if v.code != "" {
				_, asked := refuse[i]
				out.Failed = append(out.Failed, sqsFailed{ID: v.id, Code: v.code, Message: v.message, SenderFault: !asked})
				continue
			}
			sum := md5.Sum([]byte(ms[i].body)) //nolint:gosec // as above
			out.Successful = append(out.Successful, sqsTaken{ID: v.id, MessageID: "message-" + v.id, MD5: hex.EncodeToString(sum[:])})
		}
		return out, nil
	}
	return op, nil
}

func (m *message) set(name string, a Attribute) {
	if m.attributes == nil {
		m.attributes = make(map[string]Attribute)
	}
	m.attributes[name] = a
}
