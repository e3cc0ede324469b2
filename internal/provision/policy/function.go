// Package policy computes the rights of the function's role: exactly the needs of its
// targets and sources, and the rights that the roles of target accounts must grant. It
// makes no calls.
//
// The Service Authorization Reference lists the action and resource of each call.
// Batches have no actions of their own: SendMessageBatch needs sqs:SendMessage, and
// PublishBatch sns:Publish (SQS API, AddPermission; SNS API, PublishBatch). The Lambda
// developer guide lists the rights that Lambda itself needs from the role.
package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/lambda/metrics"
	"fanout/sinks"
)

// MaxInline is the total limit of a role's inline policies in characters, without white
// space (IAM user guide, IAM and AWS STS quotas).
const MaxInline = 10_240

// ErrTooLong reports a policy that is longer than MaxInline.
var ErrTooLong = fmt.Errorf("IAM allows at most %d characters in the inline policies of a role", MaxInline)

// Function holds the facts about the function, apart from its targets, that its policy
// depends on.
type Function struct {
	ARN            string       // without alias or version; holds partition, region, account and name
	RoleARN        string       // of its role, trusted by the roles of target accounts; only for Accounts
	TableARN       string       // of the target table; "": targets come from a file
	LedgerTableARN string       // of the table that remembers deliveries; "": none
	LogGroup       string       // name; "": /aws/lambda/ and the function's name
	VPC            bool         // whether it is in a VPC
	Metrics        metrics.Mode // how it publishes metrics
	Namespace      string       // of its metrics; "": metrics.DefaultNamespace
	Tracing        bool         // whether Lambda traces it
	OnFailure      string       // ARN of the destination for topic messages that it failed on; "": none
	Keys           []Key        // customer managed keys that encrypt data it reads or writes
}

// Source is a stream, topic or queue that is hooked to the function.
type Source struct {
	ARN       string // of a Kinesis stream or its consumer, a DynamoDB stream, an SNS topic, or an SQS queue; or the name of a Kafka topic
	OnFailure string // ARN of the destination for records that the mapping gave up on, or for a topic's failed messages; "": none

	// Of Kafka topics.
	Secrets []string // ARNs of the secrets that log in to the brokers; none: IAM, in Amazon MSK
	Network bool     // Lambda reaches the brokers through subnets that the mapping names
	Group   string   // id of the consumer group; "": any
}

// Key is a KMS key that encrypts data of the function's reads or writes.
type Key struct {
	ARN     string
	Service string // the service of the encrypted data, as in its endpoints: kinesis, dynamodb, sqs, sns, secretsmanager, lambda or s3
	Writes  bool   // whether data is written: to targets and on-failure destinations
	Role    string // ARN of the role of the targets concerned; "": the function's own
}

// Policy returns the inline policy of the function's role, for targets, active or not,
// and sources. Equal facts in any order give equal documents.
//
// Errors: an invalid ARN of f or of a source; a target whose ARN cannot be determined;
// and, with a complete document, ErrTooLong.
func (f Function) Policy(targets []sinks.Spec, sources []Source) (Document, error) {
	self, err := f.owner()
	if err != nil {
		return Document{}, err
	}
	b := newBuilder(self)
	f.ownNeeds(b)
	if err := b.asyncFailure(f.OnFailure); err != nil {
		return Document{}, err
	}
	for _, s := range sources {
		if err := b.source(s); err != nil {
			return Document{}, err
		}
	}
	for _, each := range sinks.WithStores(targets) {
		t := &each
		if t.Secret != "" {
			b.allow(readSecrets, secretARN(t.Secret))
		}
		if role := roleOf(t); role != "" {
			b.allow(assumeRoles, sinks.Literal(role))
		} else if err := b.target(t); err != nil {
			return Document{}, err
		}
	}
	if err := b.keys(f.Keys, ""); err != nil {
		return Document{}, err
	}
	d := b.document()
	return d, d.checkLength("the policy of function " + self.name())
}

// ownNeeds allows the calls that the function makes for any targets and sources.
func (f Function) ownNeeds(b *builder) {
	group := f.LogGroup
	if group == "" {
		group = "/aws/lambda/" + b.owner.name()
	}
	// A process makes up its stream's name when it starts. Deploy makes the group,
	// because it sets the retention.
	b.allow(writeLogs, b.owner.arn("logs", "log-group:"+group+":*"))
	if f.TableARN != "" {
		b.allow(readTargets, f.TableARN)
	}
	if f.LedgerTableARN != "" {
		b.allow(keepLedger, f.LedgerTableARN)
	}
	if f.Metrics == metrics.ModeCloudWatch {
		b.namespace = f.Namespace
		if b.namespace == "" {
			b.namespace = metrics.DefaultNamespace
		}
		b.allow(putMetrics, "*") // the action takes no resources
	}
	if f.Tracing {
		b.allow(putTraces, "*") // the actions take no resources
	}
	if f.VPC {
		// The find actions take no resources. Lambda makes and names the interfaces, and
		// the subnets and security groups may change without a new policy (Lambda guide,
		// Giving Lambda functions access to resources in an Amazon VPC, Required IAM
		// permissions).
		b.allow(findNetwork, "*")
		for _, kind := range []string{"network-interface", "security-group", "subnet"} {
			b.allow(manageInterfaces, b.owner.arn("ec2", kind+"/*"))
		}
		// Lambda needs this; the code that it runs does not (same page, Security best
		// practices).
		b.allow(denyNetwork, "*")
	}
}

// Trust returns the trust policy of the function's role. Lambda documents no condition
// that restricts it to one function, and none is needed: a role can only be passed to
// Lambda within its own account (IAM user guide, Granting a user permissions to pass a
// role to an AWS service). The service has the same name in every partition.
func Trust() Document {
	return trust("Lambda", map[string]Strings{"Service": {"lambda.amazonaws.com"}}, nil)
}

func trust(sid string, principal map[string]Strings, condition map[string]Condition) Document {
	return Document{Version: version, Statement: []Statement{{
		Sid: sid, Effect: "Allow", Principal: principal, Action: Strings{"sts:AssumeRole"}, Condition: condition,
	}}}
}

// checkLength returns ErrTooLong, with a description of the document, if d is too long.
func (d Document) checkLength(what string) error {
	compact := d.encode("")
	n := utf8.RuneCountInString(strings.ReplaceAll(compact, "\n", ""))
	if n <= MaxInline {
		return nil
	}
	return fmt.Errorf("%s has %d characters, but %w; give targets their own roles, or split them among several functions", what, n, ErrTooLong)
}

// owner is the owner of a policy: a function, or a role for targets.
type owner struct{ ARN arn.ARN }

func (f Function) owner() (owner, error) {
	a, err := arn.Parse(f.ARN)
	if err != nil || a.Service != "lambda" || !strings.HasPrefix(a.Resource, "function:") || a.Region == "" || a.AccountID == "" {
		return owner{}, errors.New("the function's ARN is " + quote(f.ARN) + "; it must be like arn:aws:lambda:eu-west-1:123456789012:function:name")
	}
	return owner{a}, nil
}

// name returns the function's name.
func (o owner) name() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(o.ARN.Resource, "function:"), ":")
	return name
}

// arn returns the ARN of a resource in the region and account of the owner.
func (o owner) arn(service, resource string) string {
	return arn.ARN{Partition: o.ARN.Partition, Service: service, Region: o.ARN.Region, AccountID: o.ARN.AccountID, Resource: resource}.String()
}

func quote(s string) string { return fmt.Sprintf("%.200q", s) }
