package http

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/request"
)

// authorizer adds credentials to requests. It is safe for concurrent use.
type authorizer interface {
	// authorize adds the credentials to r, whose body is c.
	authorize(r *nethttp.Request, c *request.Content) error

	// judge learns from the status of the answer to r whether its credentials were accepted. It
	// reports whether they were not, and another attempt gets new ones.
	judge(r *nethttp.Request, status int) (again bool)
}

// newAuthorizer returns the authorizer of a target.
func newAuthorizer(client *nethttp.Client, name string, o *Options) (authorizer, error) {
	form, known := formOf(o.Auth)
	read := secretOf(name, o)
	switch {
	case o.Auth == "":
		return authorizerFunc(func(*nethttp.Request, *request.Content) error { return nil }), nil
	case o.Auth == sinks.AuthSigV4 && (o.Signing == "" || o.Region == "" || o.Credentials == nil):
		return nil, fmt.Errorf("requests to %s must be signed, and service, region or credentials are missing", name)
	case o.Auth == sinks.AuthSigV4:
		return authorizerFunc((&signer{service: o.Signing, region: o.Region, credentials: o.Credentials}).sign), nil
	case !known:
		return nil, fmt.Errorf("%s has the unknown auth %q", name, o.Auth)
	case o.Secret == nil:
		return nil, fmt.Errorf("%s has no secret with %s", name, form.want)
	}
	switch o.Auth {
	case sinks.AuthBearer:
		return header(func(r *nethttp.Request, s *Secret) { r.Header.Set("Authorization", "Bearer "+s.Token) }, read), nil
	case sinks.AuthBasic:
		return header(func(r *nethttp.Request, s *Secret) { r.SetBasicAuth(s.Username, s.Password) }, read), nil
	case sinks.AuthOAuth2:
		return newTokens(client, name, read), nil
	}
	return webhook(read), nil
}

// secretOf returns the reader of a target's secret. An error has the class of Secrets
// Manager's.
func secretOf(name string, o *Options) func(context.Context) (*Secret, error) {
	return func(ctx context.Context) (*Secret, error) {
		text, err := o.Secret(ctx)
		if err != nil {
			if _, known := errors.AsType[*engine.Error](err); !known {
				err = classify.Error(name+", credentials", err)
			}
			return nil, err
		}
		s, err := ParseSecret(o.Auth, text)
		if err != nil {
			return nil, engine.Errorf(engine.Permanent, "the secret cannot be used: %w", err)
		}
		return s, nil
	}
}

// authorizerFunc is an authorizer without state.
type authorizerFunc func(r *nethttp.Request, c *request.Content) error

func (f authorizerFunc) authorize(r *nethttp.Request, c *request.Content) error { return f(r, c) }

func (authorizerFunc) judge(*nethttp.Request, int) bool { return false }

// header returns an authorizer that sets a header from the secret.
func header(set func(*nethttp.Request, *Secret), read func(context.Context) (*Secret, error)) authorizer {
	return authorizerFunc(func(r *nethttp.Request, _ *request.Content) error {
		s, err := read(r.Context())
		if err == nil {
			set(r, s)
		}
		return err
	})
}

// webhook returns an authorizer that signs id, time and body (Standard Webhooks, Signature
// scheme). The id is in the request already.
func webhook(read func(context.Context) (*Secret, error)) authorizer {
	return authorizerFunc(func(r *nethttp.Request, c *request.Content) error {
		s, err := read(r.Context())
		if err != nil {
			return err
		}
		key, _ := signingKey(s.Key) // ParseSecret checked it
		at := strconv.FormatInt(time.Now().Unix(), 10)
		r.Header.Set("Webhook-Timestamp", at)
		r.Header.Set("Webhook-Signature", webhookSignature(key, r.Header.Get(webhookID), at, c.Reader()))
		return nil
	})
}

// webhookSignature returns the signature of a body with an id, sent at a time in Unix seconds.
func webhookSignature(key []byte, id, at string, body io.Reader) string {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, id+"."+at+".") // a hash takes everything
	_, _ = io.Copy(mac, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signer signs requests as AWS does.
type signer struct {
	service, region string
	credentials     aws.CredentialsProvider
}

func (s *signer) sign(r *nethttp.Request, c *request.Content) error {
	creds, err := s.credentials.Retrieve(r.Context())
	if err == nil {
		err = v4.NewSigner().SignHTTP(r.Context(), creds, r, c.Hash(), s.service, s.region, time.Now())
	}
	if err != nil {
		// The SDK's clients return this type, so classify finds a role that cannot be
		// assumed.
		return &smithy.OperationError{ServiceID: "HTTP", OperationName: "POST", Err: err}
	}
	return nil
}
