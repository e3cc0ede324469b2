package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// writers checks the principals that can write the function's tables. The target table decides where
// records go, and the ledger decides which records are skipped. Only resource policies
// are visible; the policies of identities are up to IAM.
func (p *examination) writers(ctx context.Context) []Finding {
	var found []Finding
	if !p.fromFile {
		found = append(found, p.writersOf(ctx, p.tableName)...)
	}
	if p.ledgerTable != "" {
		found = append(found, p.writersOf(ctx, p.ledgerTable)...)
	}
	return found
}

// notCovered states the limit of this check.
const notCovered = "this check does not cover IAM permissions within its account"

func (p *examination) writersOf(ctx context.Context, table string) []Finding {
	is := about{"writers", cloud.Name(table)}
	arn := p.self
	arn.Service, arn.Resource = "dynamodb", "table/"+table
	resource := arn.String()
	if strings.HasPrefix(table, "arn:") {
		resource = table
	}
	out, err := p.DynamoDB.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: &resource})
	switch {
	case awserr.HasCode(err, "PolicyNotFoundException"):
		return []Finding{is.ok("no other account may write to it, because it has no resource policy; %s", notCovered)}
	case awserr.IsMissing(err):
		return nil // the check of the table reports it
	case err != nil:
		return []Finding{is.unknown(err)}
	}
	who, err := mayWrite(aws.ToString(out.Policy))
	if err != nil {
		return []Finding{is.is(Unknown, "check the table's resource policy", "not checked: %v", err)}
	}
	if len(who) == 0 {
		return []Finding{is.ok("its resource policy lets no one write to it; %s", notCovered)}
	}
	return []Finding{is.warning("remove from its resource policy all principals that do not need to write to it",
		"its resource policy lets these principals write to it, so they can redirect or skip records: %s; %s", strings.Join(who, ", "), notCovered)}
}

// writes are the actions that change a table's items or its permissions (Service
// Authorization Reference, Amazon DynamoDB, Write and Permissions management).
var writes = []string{
	"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem",
	"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete",
	"dynamodb:DeleteTable", "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy",
}

// mayWrite returns the principals that a resource policy allows to write, sorted.
// Conditions may restrict them, so their names include the conditions.
func mayWrite(text string) ([]string, error) {
	var d struct {
		Statement list[struct {
			Effect       string
			Principal    json.RawMessage
			NotPrincipal json.RawMessage
			Action       list[string]
			NotAction    list[string]
			Condition    map[string]any
		}]
	}
	if json.Unmarshal([]byte(text), &d) != nil {
		return nil, errors.New("the resource policy cannot be read")
	}
	var who []string
	for _, s := range d.Statement {
		switch {
		case s.Effect != "Allow":
			continue
		case len(s.NotPrincipal) > 0 || len(s.NotAction) > 0:
			return nil, errors.New("the resource policy has an Allow statement with NotPrincipal or NotAction")
		case !slices.ContainsFunc(s.Action, writing):
			continue
		}
		principals, err := principalsOf(s.Principal)
		if err != nil {
			return nil, err
		}
		for _, p := range principals {
			if len(s.Condition) > 0 {
				p += " (on conditions)"
			}
			who = append(who, p)
		}
	}
	slices.Sort(who)
	return slices.Compact(who), nil
}

// writing reports whether an action of a policy, which may be a pattern, can write.
func writing(action string) bool {
	return slices.ContainsFunc(writes, func(w string) bool { return matches(strings.ToLower(action), strings.ToLower(w)) })
}

// principalsOf reads a principal: "*", or lists by kind (IAM user guide, AWS JSON policy
// elements: Principal).
func principalsOf(raw json.RawMessage) ([]string, error) {
	var everybody string
	if json.Unmarshal(raw, &everybody) == nil {
		return []string{everyone(everybody)}, nil
	}
	var kinds map[string]list[string]
	if json.Unmarshal(raw, &kinds) != nil {
		return nil, errors.New("the resource policy has a principal of an unknown form")
	}
	var all []string
	for _, names := range kinds {
		for _, name := range names {
			all = append(all, everyone(name))
		}
	}
	return all, nil
}

func everyone(principal string) string {
	if principal == "*" {
		return "everybody"
	}
	return principal
}

// list is a list in a policy that may be written as a single value.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	var all []T
	if err := json.Unmarshal(b, &all); err == nil {
		*l = all
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}
