package awsfake

import (
	"encoding/base64"
	"fmt"
	"net/url"
)

// snsBytes is the limit of a message and of a request, unless the topic's owner raised
// it.
const snsBytes = 256 << 10

// The field names in a response come from the API.
type (
	snsTaken struct {
		ID        string `xml:"Id"`
		MessageID string `xml:"MessageId"`
	}
	snsFailed struct {
		ID          string `xml:"Id"`
		Code        string
		Message     string
		SenderFault bool
	}
)

func (s *Server) publishBatch(body []byte) (op operation, bad *failure) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return op, refusal("MalformedQueryString", "%v", err)
	}
	op.destination = lastPart(form.Get("TopicArn"), ":")
	destination := "sns/" + op.destination
	var ms []message
	for i := 1; ; i++ {
		at := fmt.Sprintf("PublishBatchRequestEntries.member.%d.", i)
		if !form.Has(at + "Id") {
			break
		}
		m := message{
			id: form.Get(at + "Id"), body: form.Get(at + "Message"),
			group: form.Get(at + "MessageGroupId"), dedup: form.Get(at + "MessageDeduplicationId"),
		}
		for k := 1; ; k++ {
			at := fmt.Sprintf("%sMessageAttributes.entry.%d.", at, k)
			if !form.Has(at + "Name") {
				break
			}
			binary, err := base64.StdEncoding.DecodeString(form.Get(at + "Value.BinaryValue"))
			if err != nil {
				return op, refusal("InvalidParameter", "Invalid parameter: BinaryValue is not base64")
			}
			m.set(form.Get(at+"Name"), Attribute{form.Get(at + "Value.DataType"), form.Get(at+"Value.StringValue") + string(binary)})
		}
		ms = append(ms, m)
	}
	op.records = len(ms)
	limit := s.limit(destination, snsBytes)
	if bad := batch(ms, limit); bad != nil {
		return op, bad
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		var out struct {
			Successful []snsTaken  `xml:"Successful>member"`
			Failed     []snsFailed `xml:"Failed>member"`
		}
		for i, v := range s.judge(destination, snsBadParameter, ms, limit, refuse) {
			if v.code != "" {
				_, asked := refuse[i]
				out.Failed = append(out.Failed, snsFailed{ID: v.id, Code: v.code, Message: v.message, SenderFault: !asked})
				continue
			}
			out.Successful = append(out.Successful, snsTaken{ID: v.id, MessageID: "message-" + v.id})
		}
		return out, nil
	}
	return op, nil
}
