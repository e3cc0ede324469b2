package lambda

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"fanout/internal/awscall"
)

// sts is AWS STS.
var sts = awscall.Service{ID: "STS", Name: "sts", Query: true, GovFIPS: true}

// assumedRole gets credentials of a role (STS API, AssumeRole). They are valid for 15 minutes,
// the least that STS gives.
type assumedRole struct {
	client *awscall.Client
	form   string
}

func newAssumedRole(cfg aws.Config, id identity, session string) *assumedRole {
	form := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "DurationSeconds": {"900"},
		"RoleArn": {id.role}, "RoleSessionName": {session},
	}
	if id.externalID != "" {
		form.Set("ExternalId", id.externalID)
	}
	return &assumedRole{awscall.New(cfg, sts, "").Retrying(retry.NewStandard()), form.Encode()}
}

var errNoCredentials = errors.New("the answer has no credentials")

// Retrieve implements aws.CredentialsProvider.
func (r *assumedRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	var answer struct {
		Credentials struct {
			AccessKeyID     string    `xml:"AccessKeyId"`
			SecretAccessKey string    `xml:"SecretAccessKey"`
			SessionToken    string    `xml:"SessionToken"`
			Expiration      time.Time `xml:"Expiration"`
		} `xml:"AssumeRoleResult>Credentials"`
	}
	read := awscall.XML(&answer, otherValues)
	err := r.client.Do(ctx, &awscall.Request{
		Operation: "AssumeRole", Header: awscall.FormHeader(), Body: awscall.Text(r.form),
	}, func(resp *http.Response) error {
		if err := read(resp); err != nil {
			return err
		}
		if c := &answer.Credentials; c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" || c.Expiration.IsZero() {
			return errNoCredentials
		}
		return nil
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	c := &answer.Credentials
	return aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		CanExpire: true, Expires: c.Expiration, Source: "AssumeRole",
	}, nil
}
