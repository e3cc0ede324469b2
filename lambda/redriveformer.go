package lambda

import (
	"encoding/json"
	"time"

	"fanout/lambda/envelope"
)

// formerEvent builds a DynamoDB source record for an envelope without one. Envelopes of
// older versions hold only the image, because function targets with convertDDB got only the
// image. The record has the values in the envelope. It is nil if the image is not JSON.
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
