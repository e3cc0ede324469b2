package awsfake

import (
	"encoding/json"
	"net/http"
	"strings"
)

// lambdaBytes is the limit of the payload of an asynchronous invocation.
const lambdaBytes = 1 << 20

// The text around the function's name in the path of Invoke.
const (
	functionsPath   = "/2015-03-31/functions/"
	invocationsPath = "/invocations"
)

// invoke splits an event: each of its Records becomes a taken record with the text from
// the event.
func (s *Server) invoke(r *http.Request, body []byte) (op operation, bad *failure) {
	function := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, functionsPath), invocationsPath)
	op.destination = lastPart(function, ":")
	if q := r.URL.Query().Get("Qualifier"); q != "" {
		op.destination += ":" + q
	}
	var event struct{ Records []json.RawMessage }
	switch {
	case r.Header.Get("X-Amz-Invocation-Type") != "Event":
		return op, refusal("InvalidParameterValueException", "only asynchronous invocations are understood here")
	case len(body) > lambdaBytes:
		return op, &failure{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"the payload is too large for the Event invocation type (limit 1048576 bytes)"}
	case json.Unmarshal(body, &event) != nil:
		return op, refusal("InvalidRequestContentException", "Could not parse request body into json: %s", body)
	}
	op.records = len(event.Records)
	op.run = func(refuse map[int]string) (any, *failure) {
		for _, code := range refuse {
			return nil, &failure{http.StatusInternalServerError, code, "Internal service failure."}
		}
		recs := make([]Record, len(event.Records))
		for i, text := range event.Records {
			recs[i].Data = text
		}
		s.take("lambda/"+op.destination, recs)
		return accepted{}, nil
	}
	return op, nil
}

// accepted is the answer 202, without a body.
type accepted struct{}
