package awsfake

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/url"
	"strings"
)

// putMetricData takes the request's form as one record of "monitoring/<namespace>".
func (s *Server) putMetricData(body []byte) (op operation, bad *failure) {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(z)
		}
		if err != nil {
			return op, refusal("InvalidParameterValue", "the body is not gzip: %v", err)
		}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return op, refusal("MalformedQueryString", "%v", err)
	}
	op.destination = form.Get("Namespace")
	for name := range form {
		if strings.HasSuffix(name, ".MetricName") {
			op.records++
		}
	}
	if op.destination == "" || op.records == 0 || op.records > 1000 {
		return op, refusal("InvalidParameterValue", "a namespace and 1 to 1,000 metrics are required")
	}
	op.run = func(map[int]string) (any, *failure) {
		s.take("monitoring/"+op.destination, []Record{{Data: body}})
		return struct{}{}, nil
	}
	return op, nil
}
