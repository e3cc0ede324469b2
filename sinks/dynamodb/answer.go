package dynamodb

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/sinks/internal/classify"
)

// superseded is the code of a request whose condition does not hold: the table has a later
// image of the item (DynamoDB API, PutItem, Errors).
const superseded = "ConditionalCheckFailedException"

// members of the answers to PutItem and DeleteItem.
var known = []string{"Attributes", "ConsumedCapacity", "ItemCollectionMetrics"}

// readAnswer checks that an answer with a status of success is DynamoDB's: an object that has
// only these members. Anything else could be a proxy's page.
func readAnswer(answer *http.Response, text []byte) error {
	c := jsonscan.Cursor{Text: text}
	v, ok := c.Object(func(name jsonscan.Value) bool {
		_, ok := c.Value()
		return ok && slices.Contains(known, string(name.Content()))
	})
	if answer.StatusCode != http.StatusOK || !ok || !c.End() || v.Kind != jsonscan.Object {
		return engine.Errorf(engine.Retryable, "the answer does not come from DynamoDB, so it is unknown which records arrived")
	}
	return nil
}

// settle returns nil if a call succeeded, or if the table has a later image of the item. A
// refusal becomes one of a single record, which cannot be halved.
func settle(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	code, message := api.ErrorCode(), api.ErrorMessage()
	switch code {
	case superseded:
		if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && r.HTTPStatusCode() == http.StatusBadRequest {
			return nil
		}
	case "ValidationException", "SerializationException", "ItemCollectionSizeLimitExceededException":
		if why := keyFault(message); why != "" {
			return engine.Errorf(engine.Permanent, "%s", why)
		}
		return classify.Entry("", code, message, true)
	}
	return err
}

// keyFault returns the reason of a message about the keys of an item, which has the names of
// attributes and types but no values; "" for other messages.
func keyFault(message string) string {
	message = strings.TrimPrefix(message, "One or more parameter values were invalid: ")
	for _, form := range []struct{ start, why string }{
		{"Missing the key ", "the item lacks a key attribute of the table; add it with transform"},
		{"Type mismatch for key ", "a key attribute of the item has another type than the table's"},
		{"The provided key element does not match the schema", "the keys of the item are not those of the table; give both tables the same key schema"},
	} {
		if strings.HasPrefix(message, form.start) {
			return form.why
		}
	}
	return ""
}
