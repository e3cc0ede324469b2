// Package builtin lists the types of targets that fanout has.
package builtin

import (
	"fanout/sinks"
	"fanout/sinks/dynamodb"
	"fanout/sinks/es"
	"fanout/sinks/eventbridge"
	"fanout/sinks/file"
	"fanout/sinks/firehose"
	"fanout/sinks/http"
	"fanout/sinks/iot"
	"fanout/sinks/kinesis"
	"fanout/sinks/lambda"
	"fanout/sinks/memcached"
	"fanout/sinks/redis"
	"fanout/sinks/s3"
	"fanout/sinks/sns"
	"fanout/sinks/sqs"
	"fanout/sinks/stepfunctions"
)

// Types returns the built-in types, in the order of the documentation.
func Types() []*sinks.Type {
	return []*sinks.Type{
		sns.Type, sqs.Type, es.Type, dynamodb.Type, kinesis.Type, firehose.Type, eventbridge.Type, stepfunctions.Type, iot.Type, lambda.Type, http.Type, memcached.Type, redis.Type, s3.Type, file.Type,
	}
}

// Type returns the built-in type called name. It is nil if there is none.
func Type(name string) *sinks.Type {
	for _, t := range Types() {
		if t.Name == name {
			return t
		}
	}
	return nil
}
