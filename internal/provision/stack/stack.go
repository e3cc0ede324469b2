// Package stack deploys the function with its role, its tables and its log group, and
// destroys them.
//
// Every resource that deploy makes carries a tag with the function's name, and destroy
// deletes nothing else. Every step looks first and writes only differences, so that the
// next run completes one that ended halfway.
package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
	"fanout/lambda/target"
)

// Stack deploys functions in one account and region.
type Stack struct {
	Lambda cloud.LambdaAPI
	IAM    cloud.IAMAPI
	Tables DynamoDBAPI
	Queues SQSAPI
	Alarms AlarmsAPI

	Catalog *target.Catalog
	Logs    LogsAPI
	Topics  func(region string) cloud.SNSAPI
	Keys    func(region string) role.Region // services that know their keys; nil: no keys are looked up
	Region  string

	HTTP aws.HTTPClient // downloads the code of versions

	// OnResource is called with each finished thing, and Wait with each thing that is waited
	// for.
	OnResource func(Resource)
	OnWait     func(what string)

	// DryRun makes Deploy find out what it would change, and change nothing.
	DryRun bool
}

// On returns the Stack of an account and region.
func On(a *cloud.Account, catalog *target.Catalog) *Stack {
	return &Stack{
		Lambda: a.Lambda(), IAM: a.IAM(), Tables: a.DynamoDB(), Queues: a.SQS(), Alarms: a.CloudWatch(), Logs: a.Logs(), Region: a.Region(), Catalog: catalog,
		Keys:   role.Regions(a),
		Topics: func(region string) cloud.SNSAPI { return a.In(region).SNS() },
		HTTP:   a.Config().HTTPClient, OnResource: func(Resource) {}, OnWait: func(string) {},
	}
}

func (s *Stack) manager() *role.Manager {
	return &role.Manager{IAM: s.IAM, Lambda: s.Lambda, DynamoDB: s.Tables, Catalog: s.Catalog, In: s.Keys, DryRun: s.DryRun}
}

// Resource is a part of a stack, and its outcome.
type Resource struct {
	Kind    string        `json:"thing"` // role, table, function and so on
	Name    string        `json:"name"`
	ARN     string        `json:"arn,omitempty"`
	Outcome cloud.Outcome `json:"outcome"`
	Note    string        `json:"note,omitempty"` // the reason, if it is not obvious

	Changes []cloud.Change `json:"changes,omitempty"` // of an updated resource's settings
}

// tags returns the tags of all resources of a function.
func tags(function string) map[string]string { return map[string]string{role.Tag: function} }

// waitLimit bounds the time until a resource reaches its desired state. Functions in a
// VPC take longest: minutes, while Lambda makes network interfaces.
const waitLimit = 5 * time.Minute

// poll tries until it succeeds or fails, with pauses that grow from a quarter of a
// second to five. It gives up when ctx ends, or after limit.
func poll(ctx context.Context, limit time.Duration, what string, try func() (done bool, err error)) error {
	end := time.Now().Add(limit)
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		done, err := try()
		if done || err != nil {
			return err
		}
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("%s takes longer than %v; run the command again to continue", what, limit)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("stopped waiting for %s: %w", what, ctx.Err())
		}
	}
}
