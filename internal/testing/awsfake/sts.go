package awsfake

import (
	"net/url"
	"strings"
	"time"
)

// AccessKey returns the id of the access key that AssumeRole returns for a role and an
// external id. Tests recognize calls with the role by it.
func AccessKey(roleARN, externalID string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, roleARN+"."+externalID)
}

func (s *Server) assumeRole(body []byte) (op operation, bad *failure) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return op, refusal("MalformedQueryString", "%v", err)
	}
	op.destination, op.externalID = form.Get("RoleArn"), form.Get("ExternalId")
	if !strings.HasPrefix(op.destination, "arn:") || form.Get("RoleSessionName") == "" {
		return op, refusal("ValidationError", "AssumeRole needs the ARN of a role and a RoleSessionName")
	}
	op.run = func(map[int]string) (any, *failure) {
		type credentials struct {
			AccessKeyID     string `xml:"AccessKeyId"`
			SecretAccessKey string
			SessionToken    string
			Expiration      string
		}
		return struct{ Credentials credentials }{credentials{
			AccessKeyID:     AccessKey(op.destination, op.externalID),
			SecretAccessKey: "made up",
			SessionToken:    "made up",
			Expiration:      time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		}}, nil
	}
	return op, nil
}
