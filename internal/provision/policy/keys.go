package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// keyUse is a set of actions with keys that one statement allows.
type keyUse struct {
	service, region string
	actions         string // joined with a comma
}

// keys allows the use of the keys that concern a role ("": the function's own), and
// only through the service whose data they encrypt (KMS developer guide,
// kms:ViaService).
func (b *builder) keys(keys []Key, role string) error {
	resources := make(map[keyUse][]string)
	for _, k := range keys {
		if k.Role != role {
			continue
		}
		a, err := arn.Parse(k.ARN)
		if err != nil || a.Service != "kms" || !strings.HasPrefix(a.Resource, "key/") {
			return fmt.Errorf("the KMS key is %s; it must be an ARN like arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", quote(k.ARN))
		}
		use := keyUse{k.Service, a.Region, k.actions()}
		resources[use] = append(resources[use], k.ARN)
	}
	uses := slices.SortedFunc(maps.Keys(resources), func(a, b keyUse) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.region, b.region), cmp.Compare(a.actions, b.actions))
	})
	for _, u := range uses {
		b.keyUse = append(b.keyUse, Statement{
			Sid: u.sid(), Effect: "Allow", Action: strings.Split(u.actions, ","), Resource: unique(resources[u]),
			Condition: map[string]Condition{"StringEquals": {"kms:ViaService": u.via(b.owner.ARN.Partition)}},
		})
	}
	return nil
}

// actions returns the actions that the use of a key needs. A writer needs a data key;
// with SQS and SNS it also decrypts (SQS developer guide, Configuring KMS permissions
// for producers; SNS developer guide, Securing Amazon SNS data with server-side
// encryption).
func (k *Key) actions() string {
	switch {
	case !k.Writes:
		return "kms:Decrypt"
	case k.Service == "sqs" || k.Service == "sns":
		return "kms:Decrypt,kms:GenerateDataKey"
	default:
		return "kms:GenerateDataKey"
	}
}

// via returns the service's endpoints in a region. Endpoints in China have another
// domain. The guide does not say which one the key holds there, so both are allowed.
func (u keyUse) via(partition string) Strings {
	host := u.service + "." + u.region + ".amazonaws.com"
	if partition == "aws-cn" {
		return Strings{host, host + ".cn"}
	}
	return Strings{host}
}

// sid makes a unique id of letters and digits for each use.
func (u keyUse) sid() string {
	var sid strings.Builder
	for _, action := range strings.Split(u.actions, ",") {
		sid.WriteString(strings.TrimPrefix(action, "kms:"))
	}
	for _, word := range append([]string{"via", u.service}, strings.Split(u.region, "-")...) {
		if word != "" {
			sid.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return sid.String()
}
