package stages

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fanout/internal/near"
	"fanout/internal/pattern"
)

// The services of topics and queues.
const (
	sns   = "sns"
	sqs   = "sqs"
	kafka = "kafka"
)

// sourceFields are the names that a filter can look at: those of the record, and those in an
// object in it. The record has the others without its source record, too.
type sourceFields struct {
	what   string // for a fault
	names  []string
	object string   // the name of the object
	inside []string // its names
	raw    []string // names that only the source record has
	rawIn  []string // names in the object that only the source record has
	data   string   // where the fields of the data are, as a format of a pattern
}

// Lambda guide, "Process Amazon Kinesis Data Streams records", "Process DynamoDB records",
// "Invoking Lambda functions with Amazon SNS notifications", "Using Lambda with Amazon SQS" and
// "Filtering events from Amazon MSK and self-managed Apache Kafka event sources".
var filterFields = map[string]sourceFields{
	kinesis: {
		what:  "a Kinesis record",
		names: []string{"data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion", "eventID", "eventSource"},
		data:  `{"data": {%q: …}}`,
	},
	dynamoDB: {
		what:   "a DynamoDB record",
		names:  []string{"eventName", "dynamodb", "userIdentity", "eventID", "eventSource", "eventVersion", "eventSourceARN", "awsRegion"},
		object: "dynamodb",
		inside: []string{"Keys", "NewImage", "OldImage", "ApproximateCreationDateTime", "SequenceNumber", "SizeBytes", "StreamViewType"},
		raw:    []string{"userIdentity", "eventID", "eventVersion", "eventSourceARN", "awsRegion"},
		rawIn:  []string{"Keys", "OldImage", "ApproximateCreationDateTime", "SizeBytes", "StreamViewType"},
		data:   `{"dynamodb": {"NewImage": {%q: …}}}`,
	},
	sns: {
		what:   "an SNS record",
		names:  []string{"Sns", "EventSource", "EventVersion", "EventSubscriptionArn"},
		object: "Sns",
		inside: []string{"Message", "MessageAttributes", "Subject", "MessageId", "TopicArn", "Type", "Timestamp", "SignatureVersion", "Signature", "SigningCertUrl", "SigningCertURL", "UnsubscribeUrl", "UnsubscribeURL"},
		raw:    []string{"EventVersion", "EventSubscriptionArn"},
		rawIn:  []string{"MessageAttributes", "Subject", "TopicArn", "Type", "Timestamp", "SignatureVersion", "Signature", "SigningCertUrl", "SigningCertURL", "UnsubscribeUrl", "UnsubscribeURL"},
		data:   `{"Sns": {"Message": {%q: …}}}`,
	},
	sqs: {
		what:   "an SQS record",
		names:  []string{"body", "attributes", "messageAttributes", "messageId", "receiptHandle", "md5OfBody", "md5OfMessageAttributes", "eventSource", "eventSourceARN", "awsRegion"},
		object: "attributes",
		inside: []string{"MessageGroupId", "MessageDeduplicationId", "SequenceNumber", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "AWSTraceHeader", "DeadLetterQueueSourceArn"},
		raw:    []string{"attributes", "messageAttributes", "messageId", "receiptHandle", "md5OfBody", "md5OfMessageAttributes", "eventSourceARN", "awsRegion"},
		data:   `{"body": {%q: …}}`,
	},
	kafka: {
		what:  "a Kafka record",
		names: []string{"value", "key", "topic", "partition", "offset", "timestamp", "timestampType", "headers"},
		raw:   []string{"timestampType", "headers"},
		data:  `{"value": {%q: …}}`,
	},
}

// checkNames returns the faults of names that no record of a source has.
func checkNames(p *pattern.Pattern, source string) error {
	f, ok := filterFields[source]
	if !ok {
		return nil
	}
	faults := unknownNames(p.Names(), f.names, "", &f)
	if f.object != "" {
		faults = append(faults, unknownNames(p.Names(f.object), f.inside, f.object, &f)...)
		if p.Lists(f.object) {
			faults = append(faults, fmt.Errorf("%s: is an object in %s, which no value matches; write an object of fields, such as {%q: {%q: …}}", f.object, f.what, f.object, f.inside[0]))
		}
	}
	if source == kinesis && p.Lists("data") {
		faults = append(faults, errors.New(`data: is a list of values, but a filter looks into data as JSON; write an object of fields, such as {"data": {"type": ["order"]}}`))
	}
	return errors.Join(faults...)
}

func unknownNames(names, known []string, above string, f *sourceFields) (faults []error) {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		remedy := "write one of " + strings.Join(known, ", ")
		if like := near.Closest(name, known); like != "" {
			remedy = "did you mean " + pattern.Place(above, like) + "?"
		} else if above == "" {
			remedy += ", or for a field of the data " + fmt.Sprintf(f.data, name)
		}
		faults = append(faults, fmt.Errorf("%s: %s has no such field; %s", pattern.Place(above, name), f.what, remedy))
	}
	return faults
}

// looksAtSource reports whether a pattern looks at something that only the source record
// has.
func looksAtSource(p *pattern.Pattern, source string) bool { return len(onlySource(p, source)) > 0 }

// onlySource returns the names in a pattern that only the source record has.
func onlySource(p *pattern.Pattern, source string) (all []string) {
	f := filterFields[source]
	for _, name := range p.Names() {
		if slices.Contains(f.raw, name) {
			all = append(all, name)
		}
	}
	for _, name := range p.Names(f.object) {
		if slices.Contains(f.rawIn, name) {
			all = append(all, f.object+"."+name)
		}
	}
	return all
}
