package awsfake

import (
	"net/http"
	"strings"
)

// Limits of AWS IoT Core, from its quotas.
const (
	iotBytes = 128 << 10
	iotTopic = 256 // bytes
)

// topicsPath is the path of Publish before the topic.
const topicsPath = "/topics/"

func (s *Server) publish(r *http.Request, body []byte) (op operation, bad *failure) {
	op.destination, op.records = strings.TrimPrefix(r.URL.Path, topicsPath), 1
	switch qos := r.URL.Query().Get("qos"); {
	case op.destination == "" || len(op.destination) > iotTopic || strings.ContainsAny(op.destination, "+#"):
		return op, refusal("InvalidRequestException", "topic contained an invalid value")
	case qos != "" && qos != "0" && qos != "1":
		return op, refusal("InvalidRequestException", "qos contained an invalid value")
	case len(body) > iotBytes:
		return op, &failure{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The payload exceeds the maximum size allowed."}
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		if code, ok := refuse[0]; ok {
			return nil, &failure{http.StatusInternalServerError, code, "Internal service failure."}
		}
		s.take("iot/"+op.destination, []Record{{Data: body}})
		return map[string]string{"message": "OK"}, nil
	}
	return op, nil
}
