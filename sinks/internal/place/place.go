// Package place parses destinations that several types of targets share.
package place

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Located returns a Destination with the parts of an ARN.
func Located(a arn.ARN) sinks.Destination {
	return sinks.Destination{ARN: a.String(), Region: a.Region, Account: a.AccountID, Partition: a.Partition}
}

// Serverless reports whether host is an ElastiCache serverless cache. Such a cache
// requires TLS, and a Redis one is a cluster (ElastiCache guide).
func Serverless(host string) bool {
	return strings.Contains(host, ".serverless.") && strings.Contains(host, ".cache.amazonaws.com")
}
