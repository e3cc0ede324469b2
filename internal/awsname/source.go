package awsname

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Source names a source by its service and name: kinesis:clicks, dynamodb:orders,
// sns:alerts or kafka:orders.
func Source(source string) string {
	if IsKafka(source) {
		return Kafka + ":" + source[strings.LastIndexByte(source, '/')+1:]
	}
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
