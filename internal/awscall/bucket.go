package awscall

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// s3 is Amazon S3.
var s3 = Service{ID: "S3", Name: "s3", S3: true}

// NewBucket returns a client for a bucket of S3. The path of a request is [ObjectPath] of an
// object. The bucket is a label of the host, unless its name has a point, which no certificate
// covers, or an endpoint is configured: it is then the first part of the path (Amazon S3 user
// guide, Virtual hosting of general purpose buckets).
func NewBucket(cfg aws.Config, bucket string) *Client {
	c := New(cfg, s3, "")
	c.place.bucket = bucket
	return c
}

// inBucket returns the endpoint of a bucket.
func inBucket(u url.URL, bucket string, configured bool) *url.URL {
	if configured || strings.Contains(bucket, ".") {
		u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/")+"/"+bucket, ""
	} else {
		u.Host = bucket + "." + u.Host
	}
	return &u
}

// ObjectPath returns the path of an object of a bucket. S3 checks the signature over the path
// with every other byte escaped.
func ObjectPath(key string) string { return httpbinding.EscapePath(key, false) }
