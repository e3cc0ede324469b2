// Package awsenv gives sinks the configuration of their AWS clients. It is apart from
// package sinks so that sinks without AWS link none of it.
package awsenv

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/sinks"
)

// Env is a [sinks.Env] that reaches AWS.
type Env interface {
	sinks.Env
	// AWS returns the configuration for the calls of a target: with the permissions of its
	// role, in its region, and without retries.
	AWS(s *sinks.Spec) aws.Config
}

// Config returns the configuration for the calls of a target. It fails if the program that
// opens the target does not reach AWS.
func Config(env sinks.Env, s *sinks.Spec) (aws.Config, error) {
	if e, ok := env.(Env); ok {
		return e.AWS(s), nil
	}
	return aws.Config{}, engine.Errorf(engine.Permanent, "targets of type %s need AWS, which this program does not reach; open them with an awsenv.Env", s.Type)
}
