package doctor

import (
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/smithy-go"
)

// Source names a source by its service and name: kinesis:clicks, dynamodb:orders or
// sns:alerts.
func Source(source string) string {
	a, err := arn.Parse(source)
	if err != nil {
		return source
	}
	name := a.Resource
	if _, path, found := strings.Cut(a.Resource, "/"); found { // stream/NAME, table/NAME/stream/TIME
		name, _, _ = strings.Cut(path, "/")
	}
	return a.Service + ":" + name
}

// Target names a target by its source and id: kinesis:clicks/archive.
func Target(source, id string) string { return Source(source) + "/" + id }

// stream returns the stream that a mapping reads, whether or not by a consumer of its
// own.
func stream(source string) string {
	s, _, _ := strings.Cut(source, "/consumer/")
	return s
}

// call names the call that failed.
func call(err error) string {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Service() + " " + op.Operation()
	}
	return "it"
}

// short writes 15m0s as 15m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
