package target

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// located returns a Destination with the parts of an ARN.
func located(a arn.ARN) Destination {
	return Destination{ARN: a.String(), Region: a.Region, Account: a.AccountID, Partition: a.Partition}
}

// isServerless reports whether host is an ElastiCache serverless cache. Such a cache
// requires TLS, and a Redis one is a cluster (ElastiCache guide).
func isServerless(host string) bool {
	return strings.Contains(host, ".serverless.") && strings.Contains(host, ".cache.amazonaws.com")
}
