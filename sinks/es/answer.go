package es

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/sinks/internal/classify"
)

// result is the result of one action in an answer.
type result struct {
	op string // the action's name

	ID     string `json:"_id"`
	Status int    `json:"status"`
	Error  reason `json:"error"`
}

// itemBytes limits the text of an answer about one action: the names of index and
// document several times, and a reason. A reason may quote a value of the document, and
// so may its cause.
func itemBytes(r *engine.Record) int64 { return 4<<10 + 3*int64(r.Data.Len()) }

// settle reads an answer, an object with the list of results, and records the result of
// each action. It returns an error if the answer as a whole is not valid.
func (e *Sink) settle(body io.Reader, b *bulk) error {
	answer := awshttp.NewReader(body, awshttp.AnswerBytes)
	d := json.NewDecoder(answer)
	flagged, failed, listed := false, false, false // the member errors is true; an item has an error; items was read
	err := eachMember(d, func(name string) (err error) {
		switch {
		case name == "errors":
			return d.Decode(&flagged)
		case name != "items":
			return d.Decode(&ignored{})
		case listed:
			return errForm
		}
		listed = true
		failed, err = e.settleItems(d, answer, b)
		return err
	})
	switch {
	case err != nil:
		return err
	case !listed && len(b.actions) > 0:
		return classify.Miscounted(e.name, len(b.actions), 0)
	case flagged && !failed:
		return classify.Unacknowledged(e.name)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errForm) // the text continues
	}
	return nil
}

// settleItems reads the list of items one at a time, and reports whether one has an
// error.
func (e *Sink) settleItems(d *json.Decoder, answer *awshttp.Reader, b *bulk) (failed bool, err error) {
	if err := delimiter(d, '['); err != nil {
		return false, err
	}
	n := 0
	for ; d.More(); n++ {
		if n == len(b.actions) {
			return false, classify.Miscounted(e.name, n, n+1)
		}
		a := b.actions[n]
		r := &b.batch[a.record]
		// An item cannot use the unused bytes of earlier items.
		answer.Left = min(answer.Left, awshttp.AnswerBytes) + itemBytes(r)
		item, err := readItem(d)
		if err != nil {
			return false, err
		}
		if err := e.judge(a.op, r, &item); err != nil {
			b.outcome.Fail(a.record, err)
		}
		failed = failed || item.failed()
	}
	if n < len(b.actions) {
		return false, classify.Miscounted(e.name, len(b.actions), n)
	}
	return failed, delimiter(d, ']')
}

// readItem reads an object with one member, the name of the action, or null. For any
// other object the item is empty.
func readItem(d *json.Decoder) (item result, err error) {
	members := 0
	err = eachMember(d, func(name string) error {
		if members++; members > 1 {
			return d.Decode(&ignored{})
		}
		item.op = name
		return d.Decode(&item)
	})
	if members > 1 {
		item = result{}
	}
	return item, err
}

// failed reports whether the action failed, or had nothing to delete.
func (item *result) failed() bool { return item.Error.Type != "" || item.Status/100 != 2 }

// errForm is the error of an answer that is JSON but not an answer to a _bulk request.
var errForm = errors.New("the answer has an unknown form")

// eachMember reads an object or null, and calls f to read the value of each member.
func eachMember(d *json.Decoder, f func(name string) error) error {
	switch t, err := d.Token(); {
	case err != nil || t == nil:
		return err
	case t != json.Delim('{'):
		return errForm
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if err := f(name); err != nil {
			return err
		}
	}
	return delimiter(d, '}')
}

// delimiter reads a brace or bracket.
func delimiter(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		return errForm
	}
	return err
}

// ignored is any value.
type ignored struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

// unread is the error of a request whose answer could not be read.
func (e *Sink) unread(ctx context.Context, err error) error {
	switch _, known := errors.AsType[*engine.Error](err); {
	case ctx.Err() != nil:
		return classify.Error(e.name, ctx.Err())
	case errors.Is(err, awshttp.ErrLong):
		return classify.Error(e.name, err)
	case known:
		return err
	}
	return engine.Errorf(engine.Retryable, "%s: the answer could not be read, so it is unknown which records arrived", e.name)
}

// judge returns nil if the action op took effect on the document of r, and otherwise the
// reason.
func (e *Sink) judge(op string, r *engine.Record, item *result) error {
	switch {
	case item.op != op || item.ID != "" && !e.names(r, item.ID):
		return classify.Unacknowledged(e.name)
	case item.Error.Type == "" && (item.Status/100 == 2 || op == opDelete && item.Status == http.StatusNotFound):
		return nil // the document was deleted before
	case op == opCreate && item.Status == http.StatusConflict:
		return nil // created by an attempt whose answer was lost
	case item.Status == 0 || item.Status/100 == 2:
		return classify.Unacknowledged(e.name)
	}
	name := cmp.Or(word(item.Error.Type), "status "+strconv.Itoa(item.Status))
	v := verdictOf(item.Status, &item.Error).OfRecord()
	return classify.Sentence(v.Class, e.name, name, v.Why, item.Error.detail(e.index.Index))
}

// verdictOf returns the verdict for the error of an action.
func verdictOf(status int, err *reason) classify.Verdict {
	if v, ok := err.known(); ok {
		return v
	}
	if status == http.StatusConflict {
		return contested
	}
	if v, ok := classify.Status(status); ok {
		return v
	}
	if status/100 == 4 {
		return classify.Invalid
	}
	return classify.ServerError
}

// maxError is the limit, in bytes, of an error answer.
const maxError = 64 << 10

// refused returns the reason of a failed request. AWS has the error's name in a header
// and the description in the body's message; a cluster has an error with a type.
func (e *Sink) refused(resp *http.Response) error {
	var body struct {
		Message string
		Error   reason
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxError)).Decode(&body) // the body may be anything
	code, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	name := cmp.Or(word(body.Error.Type), classify.NoCode)
	v, explained := body.Error.known()
	switch named := classify.KnownCode(cmp.Or(code, name)); {
	case code == "" && explained:
	case !named && resp.StatusCode == http.StatusBadRequest:
		v, name = classify.Invalid, "HTTP status 400"
		if t := word(body.Error.Type); t != "" && code == "" {
			name += ": " + t
		}
	default:
		return classify.Error(e.name, &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: resp},
			Err:      &smithy.GenericAPIError{Code: cmp.Or(code, name), Message: body.Message},
		})
	}
	err := classify.Sentence(v.Class, e.name, name, v.Why, body.Error.detail(e.index.Index))
	err.After = classify.RetryAfter(resp.Header, time.Now())
	return err
}
