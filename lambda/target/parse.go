package target

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/es"
	"fanout/sinks/firehose"
	"fanout/sinks/iot"
	"fanout/sinks/kinesis"
	"fanout/sinks/lambda"
	"fanout/sinks/memcached"
	"fanout/sinks/redis"
	"fanout/sinks/sns"
	"fanout/sinks/sqs"
)

// ParseDestination parses the destination attribute of a target of type t. Its error says
// how to fix the text, and never contains a password.
func ParseDestination(t sinks.Type, text string) (sinks.Destination, error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return sinks.Destination{}, errors.New("has a control character; remove it")
	}
	switch t {
	case sinks.Kinesis:
		return kinesis.Parse(text)
	case sinks.Firehose:
		return firehose.Parse(text)
	case sinks.SQS:
		return sqs.Parse(text)
	case sinks.SNS:
		return sns.Parse(text)
	case sinks.Lambda:
		return lambda.Parse(text)
	case sinks.ES:
		return es.Parse(text)
	case sinks.IoT:
		return iot.Parse(text)
	case sinks.Memcached:
		return memcached.Parse(text)
	case sinks.Redis:
		return redis.Parse(text)
	case sinks.File:
		return sinks.Destination{Path: text}, nil
	}
	return sinks.Destination{}, fmt.Errorf("has no form for type %s", awsname.Quote(string(t)))
}
