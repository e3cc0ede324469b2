package role

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/sinks"
	"fanout/sinks/account"
	"fanout/sinks/builtin/setup"
)

// keyUse is a resource of an account and region whose data a key may encrypt.
type keyUse struct {
	policy.Key        // without the ARN
	region     string // region of the resource
	what       string // for errors
	keyID      func(ctx context.Context, r Region) (string, error)
}

// keys returns the customer managed keys that encrypt the data that the function, or a
// role of its own account, reads or writes. AWS managed keys allow every user of the
// service (KMS developer guide, Key policies of AWS managed keys), and other accounts
// do not reveal their keys.
//
// It fails if a lookup fails: a policy that loses a key would stop deliveries.
func (k *Manager) keys(ctx context.Context, f *Function, p policy.Function, targets []sinks.Spec, sources []policy.Source) ([]policy.Key, error) {
	self, err := arn.Parse(f.ARN)
	if err != nil || k.In == nil {
		return nil, err
	}
	uses := append(tableUses(p), sourceUses(sources)...)
	uses = append(uses, failureUses(p.OnFailure)...)
	for i := range targets {
		uses = append(uses, targetUses(&targets[i], self)...)
	}
	var keys []policy.Key
	if f.Key != "" {
		keys = append(keys, policy.Key{ARN: f.Key, Service: "lambda"})
	}
	found, err := k.lookUp(ctx, uses)
	return append(keys, found...), err
}

// lookUp returns the customer managed keys of uses.
func (k *Manager) lookUp(ctx context.Context, uses []keyUse) ([]policy.Key, error) {
	if k.arns == nil {
		k.arns = make(map[string]string)
	}
	var keys []policy.Key
	for _, u := range uses {
		r := k.In(u.region)
		id, err := u.keyID(ctx, r)
		if err != nil && !awserr.IsMissing(err) {
			return nil, fmt.Errorf("the key of %s cannot be looked up: %w", u.what, err)
		}
		if err != nil || id == "" || strings.HasPrefix(id, "alias/aws/") || strings.Contains(id, ":alias/aws/") {
			continue
		}
		at := u.region + " " + u.Service + " " + id
		if _, ok := k.arns[at]; !ok {
			key, err := customerKey(ctx, r.KMS, id, u.Service)
			if err != nil {
				return nil, fmt.Errorf("the key %s of %s cannot be looked up: %w", id, u.what, err)
			}
			k.arns[at] = key
		}
		if u.ARN = k.arns[at]; u.ARN != "" {
			keys = append(keys, u.Key)
		}
	}
	return keys, nil
}

// customerKey returns the ARN of a key, "" if it is the service's AWS managed key. id
// is an ARN, an id or an alias. For an ARN it looks up only the service's own key. A
// caller without the right to do so gets the given ARN back: an extra right to an AWS
// managed key allows nothing more.
func customerKey(ctx context.Context, client KMSAPI, id, service string) (string, error) {
	full := arn.IsARN(id) && strings.Contains(id, ":key/")
	ask := id
	if full {
		ask = "alias/aws/" + service
	}
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &ask})
	switch {
	case full && (awserr.IsMissing(err) || awserr.IsDenied(err)):
		return id, nil
	case awserr.IsMissing(err):
		return "", nil
	case err != nil:
		return "", err
	}
	is := aws.ToString(out.KeyMetadata.Arn)
	switch {
	case !full:
		return is, nil
	case is == id:
		return "", nil
	}
	return id, nil
}

// tableUses returns the uses of the function's own tables.
func tableUses(p policy.Function) []keyUse {
	uses := tableUse(p.TableARN, false)
	return append(uses, append(tableUse(p.LedgerTableARN, false), tableUse(p.LedgerTableARN, true)...)...)
}

func tableUse(table string, writes bool) []keyUse {
	a, err := arn.Parse(table)
	if err != nil {
		return nil
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "table/"), "/") // without a stream
	a.Resource = "table/" + name
	return []keyUse{{policy.Key{Service: "dynamodb", Writes: writes}, a.Region, "the table " + name, tableKey(a.String())}}
}

// sourceUses returns the uses of the streams and queues that Lambda reads, and of the on-failure
// destinations of mappings.
func sourceUses(sources []policy.Source) []keyUse {
	var uses []keyUse
	for _, s := range sources {
		if a, err := arn.Parse(s.ARN); err == nil {
			switch a.Service {
			case "dynamodb":
				uses = append(uses, tableUse(s.ARN, false)...)
			case "kinesis":
				stream, _, _ := strings.Cut(s.ARN, "/consumer/")
				uses = append(uses, resourceUse(stream, stream, false)...)
			case "sqs":
				uses = append(uses, resourceUse(s.ARN, s.ARN, false)...)
			}
		}
		for _, secret := range s.Secrets {
			if a, err := arn.Parse(secret); err == nil {
				uses = append(uses, keyUse{policy.Key{Service: "secretsmanager"}, a.Region, "the secret of source " + awsname.Source(s.ARN), secretKey(secret)})
			}
		}
		uses = append(uses, failureUses(s.OnFailure)...)
	}
	return uses
}

// failureUses returns the uses of a destination for records that Lambda gave up on.
// Text that is not an ARN has none.
func failureUses(destination string) []keyUse {
	return resourceUse(destination, cloud.Name(destination), true)
}

// resourceUse returns the use of a resource that might be the destination of a target.
// Errors call it name.
func resourceUse(resource, name string, writes bool) []keyUse {
	a, err := arn.Parse(resource)
	if err != nil {
		return nil
	}
	for _, t := range setup.Types() {
		if t.Key == nil || t.For.Name != a.Service {
			continue
		}
		if d, err := t.For.Parse(resource); err == nil {
			use := keyUse{policy.Key{Service: a.Service, Writes: writes}, a.Region, "the " + t.What + " " + name, nil}
			use.keyID = destinationKey(t, sinks.Place{}, &sinks.Spec{Type: t.For, Destination: d})
			return []keyUse{use}
		}
	}
	return nil
}

// destinationKey finds the key of a target's destination.
func destinationKey(t *account.Type, at sinks.Place, s *sinks.Spec) keyID {
	return func(ctx context.Context, r Region) (string, error) { return t.Key(ctx, r.Config, at, s) }
}

// targetUses returns the uses of a target, and of its store.
func targetUses(t *sinks.Spec, self arn.ARN) []keyUse {
	uses := destinationUses(t, self)
	if store, ok := t.Store(); ok {
		uses = append(uses, destinationUses(&store, self)...)
	}
	return uses
}

// destinationUses returns the uses of a target's destination and secret.
func destinationUses(t *sinks.Spec, self arn.ARN) []keyUse {
	var uses []keyUse
	if a, err := arn.Parse(t.Secret); err == nil && a.AccountID == self.AccountID {
		uses = append(uses, keyUse{policy.Key{Service: "secretsmanager"}, a.Region, "the secret of target " + t.ID, secretKey(t.Secret)})
	}
	owner := t.Destination.Account
	if role, err := arn.Parse(t.Role); err == nil {
		owner = cmp.Or(owner, role.AccountID)
	}
	known := setup.Of(t.Type)
	if owner != "" && owner != self.AccountID || known.Key == nil {
		return uses // other accounts do not reveal their keys, and other types encrypt with their own rights
	}
	at := sinks.Place{Partition: self.Partition, Region: self.Region, Account: self.AccountID}
	region := cmp.Or(t.Region, t.Destination.Region, self.Region)
	return append(uses, keyUse{policy.Key{Service: t.Type.Name, Writes: true, Role: t.Role}, region, "target " + t.ID, destinationKey(known, at, t)})
}
