package target

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// ParseDestination parses the destination attribute of a target of type t. Its error says
// how to fix the text, and never contains a password.
func ParseDestination(t Type, text string) (Destination, error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return Destination{}, errors.New("has a control character; remove it")
	}
	switch t {
	case Kinesis:
		return parseStream(text, "kinesis", "stream", 128)
	case Firehose:
		return parseStream(text, "firehose", "deliverystream", 64)
	case SQS:
		return parseQueue(text)
	case SNS:
		return parseTopic(text)
	case Lambda:
		return parseFunction(text)
	case ES:
		return parseSearch(text)
	case IoT:
		return parseIoT(text)
	case Memcached:
		return parseMemcached(text)
	case Redis:
		return parseRedis(text)
	case File:
		return Destination{Path: text}, nil
	}
	return Destination{}, fmt.Errorf("has no form for type %s", quote(string(t)))
}
