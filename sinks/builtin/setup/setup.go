// Package setup lists what the commands know about the types of targets that fanout has.
package setup

import (
	"fanout/sinks"
	"fanout/sinks/account"
	es "fanout/sinks/es/setup"
	firehose "fanout/sinks/firehose/setup"
	iot "fanout/sinks/iot/setup"
	kinesis "fanout/sinks/kinesis/setup"
	lambda "fanout/sinks/lambda/setup"
	memcached "fanout/sinks/memcached/setup"
	redis "fanout/sinks/redis/setup"
	sns "fanout/sinks/sns/setup"
	sqs "fanout/sinks/sqs/setup"
)

// Types returns what is known about types whose destinations can be looked up.
func Types() []*account.Type {
	return []*account.Type{es.Type, firehose.Type, iot.Type, kinesis.Type, lambda.Type, memcached.Type, redis.Type, sns.Type, sqs.Type}
}

// Of returns what is known about a type. It is empty for a type whose destinations cannot
// be looked up.
func Of(t *sinks.Type) *account.Type {
	for _, a := range Types() {
		if a.For == t {
			return a
		}
	}
	return &account.Type{For: t}
}
