package sinks

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
)

// esItem is what an answer says about one action, by the action's name.
type esItem map[string]struct {
	ID     string  `json:"_id"`
	Status int     `json:"status"`
	Error  esError `json:"error"`
}

// esError is why a request or an action failed. The reason may quote the document.
type esError struct{ Type, Reason string }

// UnmarshalJSON takes errors of any form. One that has no type gets a blank.
func (e *esError) UnmarshalJSON(b []byte) error {
	type plain esError
	if string(b) != "null" && (json.Unmarshal(b, (*plain)(e)) != nil || e.Type == "") {
		e.Type = " "
	}
	return nil
}

// items reads an answer.
func (e *ES) items(ctx context.Context, body io.Reader) ([]esItem, error) {
	var answer struct{ Items []esItem }
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		if ctx.Err() != nil {
			return nil, classify(e.name, ctx.Err())
		}
		return nil, engine.Errorf(engine.Retryable, "%s: the answer could not be read, so what arrived is unknown", e.name)
	}
	return answer.Items, nil
}

var (
	// The index is read-only, as a rule because a disk is full, until there is room.
	blocked = verdict{class: engine.Throttled, why: "the index takes no writes for now"}

	// Another writer was at the document.
	contested = verdict{class: engine.Retryable, why: "the document was being changed"}

	// So it is with collections of type time series and vector search.
	idless = verdict{class: engine.Permanent, why: "the collection takes no document ids: use one of type search"}
)

// judge says whether an action took effect, and if not, why.
func (e *ES) judge(a esAction, item esItem) error {
	for _, told := range item {
		switch {
		case len(item) > 1 || told.ID != "" && told.ID != a.id:
			return unacknowledged(e.name)
		case told.Error.Type == "" && (told.Status/100 == 2 || a.op == opDelete && told.Status == http.StatusNotFound):
			return nil // a document to delete that is not there has been deleted before
		case a.op == opCreate && told.Status == http.StatusConflict:
			return nil // it was created by an attempt whose answer was lost
		case told.Status == 0 || told.Status/100 == 2:
			return unacknowledged(e.name)
		}
		name := cmp.Or(word(told.Error.Type), "status "+strconv.Itoa(told.Status))
		return say(e.name, name, "", alone(esVerdict(told.Status, told.Error)))
	}
	return unacknowledged(e.name)
}

// esVerdict says what the error of an action means.
func esVerdict(status int, err esError) verdict {
	switch {
	case err.Type == "cluster_block_exception" || err.Type == "index_create_block_exception":
		return blocked
	case strings.HasPrefix(err.Reason, "Document ID is not supported"):
		return idless
	case status == http.StatusConflict:
		return contested
	}
	if v, ok := statuses[status]; ok {
		return v
	}
	if status/100 == 4 {
		return invalid
	}
	return failing
}

// maxError bounds what is read of an answer that is an error.
const maxError = 64 << 10

// refused says why a whole request failed. AWS names its errors in a header and
// describes them in the body's message; a cluster has an error with a type.
func (e *ES) refused(resp *http.Response) error {
	var body struct {
		Message string
		Error   esError
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxError)).Decode(&body) // it may be anything
	code, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	code = cmp.Or(code, word(body.Error.Type), codeless)
	if _, known := codes[bare(code)]; !known && resp.StatusCode == http.StatusBadRequest {
		return say(e.name, "HTTP status "+strconv.Itoa(resp.StatusCode), "", invalid)
	}
	return classify(e.name, &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: resp},
		Err:      &smithy.GenericAPIError{Code: code, Message: body.Message},
	})
}

// word returns the type of an error if it is a name and nothing else.
func word(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return s
}
