// Package setup lists the built-in types of targets as the commands see them.
package setup

import (
	"fanout/sinks"
	"fanout/sinks/account"
	dynamodb "fanout/sinks/dynamodb/setup"
	es "fanout/sinks/es/setup"
	eventbridge "fanout/sinks/eventbridge/setup"
	file "fanout/sinks/file/setup"
	firehose "fanout/sinks/firehose/setup"
	http "fanout/sinks/http/setup"
	iot "fanout/sinks/iot/setup"
	kinesis "fanout/sinks/kinesis/setup"
	lambda "fanout/sinks/lambda/setup"
	memcached "fanout/sinks/memcached/setup"
	redis "fanout/sinks/redis/setup"
	s3 "fanout/sinks/s3/setup"
	sns "fanout/sinks/sns/setup"
	sqs "fanout/sinks/sqs/setup"
	stepfunctions "fanout/sinks/stepfunctions/setup"
)

// Types returns the descriptions of the built-in types, in the order of the files of fanout
// tune.
func Types() []*account.Type {
	return []*account.Type{
		kinesis.Type, firehose.Type, sqs.Type, sns.Type, eventbridge.Type, stepfunctions.Type, lambda.Type, iot.Type, es.Type, dynamodb.Type, http.Type, redis.Type, memcached.Type, s3.Type, file.Type,
	}
}

// Of returns the description of a type. It is empty for a type from outside.
func Of(t *sinks.Type) *account.Type {
	for _, a := range Types() {
		if a.For == t {
			return a
		}
	}
	return &account.Type{For: t}
}
