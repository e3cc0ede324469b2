package lambda

import (
	"encoding/json"
	"time"

	"fanout/lambda/envelope"
)

// formerEvent returns a source record of DynamoDB for an envelope that has none: those
// of older versions have only the image, since functions with convertDDB got only
// that. It has what the envelope knows, and is nothing if the image is not JSON.
func formerEvent(e *envelope.Envelope) []byte {
	type images struct {
		Created  float64         `json:"ApproximateCreationDateTime,omitempty"`
		Keys     json.RawMessage `json:"Keys,omitempty"`
		NewImage json.RawMessage `json:"NewImage,omitempty"`
		Sequence string          `json:"SequenceNumber,omitempty"`
	}
	record := struct {
		Name      string `json:"eventName"`
		Source    string `json:"eventSource"`
		DynamoDB  images `json:"dynamodb"`
		SourceARN string `json:"eventSourceARN"`
	}{e.Action, "aws:dynamodb", images{Sequence: e.Sequence}, e.Source}
	if !e.Arrived.IsZero() {
		record.DynamoDB.Created = float64(e.Arrived.UnixMilli()) / float64(time.Second/time.Millisecond)
	}
	if e.Action == "REMOVE" || e.NoImage {
		record.DynamoDB.Keys = e.Data
	} else {
		record.DynamoDB.NewImage = e.Data
	}
	text, err := json.Marshal(record)
	if err != nil {
		return nil
	}
	return text
}
