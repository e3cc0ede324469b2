package lambda

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/internal/jsonscan"
)

// recordSource makes source records for records without one: a stage changed them, and the
// original must not leave in their place. Such a source record holds only values of the
// record itself and of its source.
type recordSource struct{ arn, service, region string }

// newRecordSource returns the recordSource for the ARN of a source, or for "".
func newRecordSource(arn string) recordSource {
	s := recordSource{arn: arn}
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		s.service, s.region = parts[2], parts[3]
	}
	if awsname.IsKafka(arn) {
		s.service = awsname.Kafka
	}
	return s
}

// record returns a source record in JSON, or nothing if r has a fault.
func (s *recordSource) record(r *engine.Record) []byte {
	if s.fault(r) != "" {
		return nil
	}
	var v any
	switch s.service {
	case "kinesis":
		v = s.kinesis(r)
	case "dynamodb":
		v = s.dynamodb(r)
	case "sns":
		v = s.sns(r)
	case "sqs":
		v = s.sqs(r)
	case awsname.Kafka:
		v = kafkaRecord(r)
	}
	text, _ := json.Marshal(v) // never fails: fault has found the data to be JSON
	return text
}

// fault returns the reason why r has no source record, or "".
func (s *recordSource) fault(r *engine.Record) string {
	switch {
	case r.Action == "":
	case s.service == "kinesis":
		if notUTF8(r) {
			return keyNotUTF8
		}
		return ""
	case s.service == awsname.Kafka:
		return ""
	case s.service == "dynamodb":
		if !jsonscan.Valid(r.Data.Bytes()) {
			return "the data is not JSON, so a DynamoDB record cannot hold it"
		}
		return ""
	case s.service == "sns", s.service == "sqs":
		if !utf8.Valid(r.Data.Bytes()) {
			return messageNotUTF8
		}
		if !utf8.ValidString(r.Key) {
			return keyNotUTF8
		}
		return ""
	}
	return "the record has no source record to send"
}

// kinesis makes a Kinesis record (Lambda guide, Process Amazon Kinesis Data Streams
// records). A user record of an aggregate has its subSequenceNumber, and its own eventID.
func (s *recordSource) kinesis(r *engine.Record) any {
	type kinesis struct {
		Version      string  `json:"kinesisSchemaVersion"`
		PartitionKey string  `json:"partitionKey"`
		HashKey      string  `json:"explicitHashKey,omitempty"`
		Sequence     string  `json:"sequenceNumber"`
		Sub          int     `json:"subSequenceNumber,omitempty"`
		Data         string  `json:"data"`
		Arrived      float64 `json:"approximateArrivalTimestamp,omitempty"`
	}
	id := r.Lane + ":" + r.Seq
	if r.Sub > 0 {
		id += ":" + strconv.Itoa(r.Sub)
	}
	return struct {
		Kinesis   kinesis `json:"kinesis"`
		Source    string  `json:"eventSource"`
		Version   string  `json:"eventVersion"`
		ID        string  `json:"eventID"`
		Name      string  `json:"eventName"`
		Region    string  `json:"awsRegion,omitempty"`
		SourceARN string  `json:"eventSourceARN"`
	}{
		kinesis{"1.0", r.Key, r.HashKey, r.Seq, r.Sub, string(r.Data.Text()), seconds(r.Arrived)},
		"aws:kinesis", "1.0", id, "aws:kinesis:record", s.region, s.arn,
	}
}

// dynamodb makes a DynamoDB record (Lambda guide, Process DynamoDB records). Its data is
// the new image, or the keys if there is no new image.
func (s *recordSource) dynamodb(r *engine.Record) any {
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
	}{r.Action, "aws:dynamodb", images{Created: seconds(r.Arrived), Sequence: r.Seq}, s.arn}
	if r.Action == "REMOVE" || r.Data.IsStandIn() {
		record.DynamoDB.Keys = r.Data.Bytes()
	} else {
		record.DynamoDB.NewImage = r.Data.Bytes()
	}
	return record
}

// sns makes a notification (Lambda guide, Invoking Lambda functions with Amazon SNS
// notifications), without attributes and with a null subject, as for a message that has
// none.
func (s *recordSource) sns(r *engine.Record) any {
	type notification struct {
		Type       string   `json:"Type"`
		ID         string   `json:"MessageId"`
		Topic      string   `json:"TopicArn"`
		Subject    *string  `json:"Subject"`
		Message    string   `json:"Message"`
		Timestamp  string   `json:"Timestamp,omitempty"`
		Attributes struct{} `json:"MessageAttributes"`
	}
	n := notification{Type: "Notification", ID: r.Key, Topic: s.arn, Message: string(r.Data.Bytes())}
	if r.Arrived != 0 {
		n.Timestamp = time.UnixMilli(r.Arrived).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return struct {
		Source  string       `json:"EventSource"`
		Version string       `json:"EventVersion"`
		Sns     notification `json:"Sns"`
	}{"aws:sns", "1.0", n}
}

// sqs makes a message (Lambda guide, Using Lambda with Amazon SQS). It has no receipt handle,
// so the function cannot delete it, and no attributes of its sender. Its id is unique in the
// queue, but in a FIFO queue not the id that SQS gave.
func (s *recordSource) sqs(r *engine.Record) any {
	type attributes struct {
		Sent     string `json:"SentTimestamp,omitempty"`
		Group    string `json:"MessageGroupId,omitempty"`
		Sequence string `json:"SequenceNumber,omitempty"`
	}
	m := struct {
		ID         string     `json:"messageId"`
		Body       string     `json:"body"`
		Attributes attributes `json:"attributes"`
		Sender     struct{}   `json:"messageAttributes"`
		Source     string     `json:"eventSource"`
		SourceARN  string     `json:"eventSourceARN"`
		Region     string     `json:"awsRegion,omitempty"`
	}{ID: r.Seq, Body: string(r.Data.Bytes()), Source: "aws:sqs", SourceARN: s.arn, Region: s.region}
	if r.Sub > 0 {
		m.ID += ":" + strconv.Itoa(r.Sub)
	}
	if r.Arrived != 0 {
		m.Attributes.Sent = strconv.FormatInt(r.Arrived, 10)
	}
	if r.Key != r.Seq {
		m.Attributes.Group = r.Key
	}
	if strings.HasSuffix(s.arn, ".fifo") {
		m.Attributes.Sequence = r.Seq
	}
	return m
}

// kafkaRecord makes a record of Kafka (Lambda guide, Using Lambda with Amazon MSK), without
// headers. The value of a tombstone is null.
func kafkaRecord(r *engine.Record) any {
	offset, _, _ := strings.Cut(r.Seq, "/")
	partition := strings.LastIndexByte(r.Lane, '-')
	k := struct {
		Topic     string      `json:"topic"`
		Partition json.Number `json:"partition,omitempty"`
		Offset    json.Number `json:"offset,omitempty"`
		Timestamp int64       `json:"timestamp"`
		Type      string      `json:"timestampType"`
		Key       []byte      `json:"key"`
		Value     []byte      `json:"value"`
		Headers   []struct{}  `json:"headers"`
	}{
		Topic: r.Lane[:max(partition, 0)], Partition: json.Number(r.Lane[partition+1:]), Offset: json.Number(offset),
		Timestamp: r.Arrived, Type: "CREATE_TIME", Headers: []struct{}{},
	}
	if r.Key != "" {
		k.Key = []byte(r.Key)
	}
	if r.Action != "REMOVE" || r.Data.Len() > 0 {
		k.Value = append([]byte{}, r.Data.Bytes()...)
	}
	return k
}

// seconds converts Unix milliseconds to seconds.
func seconds(millis int64) float64 {
	return float64(millis) / float64(time.Second/time.Millisecond)
}
