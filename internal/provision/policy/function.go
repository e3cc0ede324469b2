// Package policy says what the function's role may do: exactly what its targets and
// sources need, and what the roles of target accounts must allow. It calls nothing.
//
// Which action a call needs, and on which resource, is told by the Service
// Authorization Reference. Batches have no actions of their own: SendMessageBatch
// needs sqs:SendMessage, and PublishBatch sns:Publish (SQS API, AddPermission; SNS
// API, PublishBatch). What Lambda itself needs of the role is told by the Lambda
// developer guide.
package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/lambda/metrics"
	"fanout/lambda/target"
)

// MaxInline is how many characters the inline policies of a role may have in all,
// white space not counted (IAM user guide, IAM and AWS STS quotas).
const MaxInline = 10_240

// ErrTooLong is the error of a policy that is longer than MaxInline.
var ErrTooLong = fmt.Errorf("IAM takes at most %d characters in the inline policies of a role", MaxInline)

// Function is what a policy must know of the function beside its targets.
type Function struct {
	ARN            string       // without alias or version; it says partition, region, account and name
	RoleARN        string       // of its role, whom the roles of target accounts trust; only for Accounts
	TableARN       string       // of the target table; "": targets come from a file
	LedgerTableARN string       // of the table that remembers deliveries; "": none
	LogGroup       string       // name; "": /aws/lambda/ and the function's name
	VPC            bool         // whether it is in a VPC
	Metrics        metrics.Mode // how it publishes metrics
	Namespace      string       // of its metrics; "": metrics.DefaultNamespace
	OnFailure      string       // ARN of what gets the messages of topics that it failed on; "": nothing
	Keys           []Key        // customer managed keys that encrypt what it reads or writes
}

// Source is a stream or topic that is hooked to the function.
type Source struct {
	ARN       string // of a Kinesis stream or its consumer, a DynamoDB stream, or an SNS topic
	OnFailure string // ARN of what gets what the mapping gave up on, or, of a topic, messages that failed; "": nothing
}

// Key is a KMS key that encrypts what the function reads or writes.
type Key struct {
	ARN     string
	Service string // whose data it encrypts, as its endpoints name it: kinesis, dynamodb, sqs, sns, secretsmanager, lambda or s3
	Writes  bool   // whether data is written: to targets and on-failure destinations
	Role    string // ARN of the role of the targets concerned; "": the function's own
}

// Policy returns the inline policy of the function's role, for targets, active or
// not, and sources. Equal facts in any order give equal documents.
//
// Errors: an ARN of f or of a source that is none; a target whose ARN cannot be
// told; and, with a complete document, ErrTooLong.
func (f Function) Policy(targets []target.Spec, sources []Source) (Document, error) {
	self, err := f.place()
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
	for i := range targets {
		t := &targets[i]
		if t.Secret != "" {
			b.allow(readSecrets, secretARN(t.Secret))
		}
		if role := roleOf(t); role != "" {
			b.allow(assumeRoles, escape(role))
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

// ownNeeds allows what the function needs whatever its targets and sources are.
func (f Function) ownNeeds(b *builder) {
	group := f.LogGroup
	if group == "" {
		group = "/aws/lambda/" + b.name()
	}
	// A stream's name is made up when a process starts. The group is made by deploy,
	// which sets how long it keeps what it gets.
	b.allow(writeLogs, b.arn("logs", "log-group:"+group+":*"))
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
		b.allow(putMetrics, "*") // the action knows no resources
	}
	if f.VPC {
		// To find knows no resources. The interfaces are Lambda's to make and name, and
		// the subnets and security groups may change without a new policy (Lambda guide,
		// Giving Lambda functions access to resources in an Amazon VPC, Required IAM
		// permissions).
		b.allow(findNetwork, "*")
		for _, kind := range []string{"network-interface", "security-group", "subnet"} {
			b.allow(manageInterfaces, b.arn("ec2", kind+"/*"))
		}
		// Lambda needs this, the code it runs does not (same page, Security best practices).
		b.allow(denyNetwork, "*")
	}
}

// Trust returns the trust policy of the function's role. Lambda's documentation has
// no condition that says whom it assumes a role for, and none is needed: a role can
// only be passed to Lambda within its own account (IAM user guide, Granting a user
// permissions to pass a role to an AWS service). The service has the same name in
// every partition.
func Trust() Document {
	return trust("Lambda", map[string]Strings{"Service": {"lambda.amazonaws.com"}}, nil)
}

func trust(sid string, principal map[string]Strings, condition map[string]Condition) Document {
	return Document{Version: version, Statement: []Statement{{
		Sid: sid, Effect: "Allow", Principal: principal, Action: Strings{"sts:AssumeRole"}, Condition: condition,
	}}}
}

// checkLength reports ErrTooLong, with what is too long.
func (d Document) checkLength(what string) error {
	compact := d.encode("")
	n := utf8.RuneCountInString(strings.ReplaceAll(compact, "\n", ""))
	if n <= MaxInline {
		return nil
	}
	return fmt.Errorf("%s has %d characters, and %w; give targets roles of their own, or split them over several functions", what, n, ErrTooLong)
}

// place is where a policy belongs: a function, or a role for targets.
type place struct{ arn.ARN }

func (f Function) place() (place, error) {
	a, err := arn.Parse(f.ARN)
	if err != nil || a.Service != "lambda" || !strings.HasPrefix(a.Resource, "function:") || a.Region == "" || a.AccountID == "" {
		return place{}, errors.New("the function's ARN is " + quote(f.ARN) + "; it must be like arn:aws:lambda:eu-west-1:123456789012:function:name")
	}
	return place{a}, nil
}

// name returns the function's name.
func (p place) name() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(p.Resource, "function:"), ":")
	return name
}

// arn returns the ARN of a resource beside the function.
func (p place) arn(service, resource string) string {
	return arn.ARN{Partition: p.Partition, Service: service, Region: p.Region, AccountID: p.AccountID, Resource: resource}.String()
}

func quote(s string) string { return fmt.Sprintf("%.200q", s) }
