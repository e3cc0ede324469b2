package stack

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
)

// DestroyOptions is a function to destroy, and the parts of it to keep.
type DestroyOptions struct {
	Function            string // name or ARN
	Table, Ledger       string // names or ARNs; default: the function's, or else <function>Targets and none
	KeepTable, KeepRole bool
}

// Item is an existing resource, and its deletion.
type Item struct {
	Resource
	delete func(ctx context.Context) error // nil: it is kept
}

// Inventory lists the resources of a function in the order of their deletion. First
// come the callers of the function, then everything that can be made again, then its
// tables, which cannot. The function itself is last, because its settings show a later
// run which resources are left. Resources that deploy did not make are listed as kept.
func (s *Stack) Inventory(ctx context.Context, d DestroyOptions) ([]Item, error) {
	has, err := s.findFunction(ctx, d.Function)
	if err != nil {
		return nil, err
	}
	if has != nil && !has.fanout() {
		return nil, fmt.Errorf("the function %q is not a fanout function, so destroy keeps it; to destroy it, add the tag %s=%s",
			cloud.Name(d.Function), role.Tag, cloud.Name(d.Function))
	}
	set := Settings{Function: d.Function}
	p := set.plan(has, s.keptQueue(ctx, has))
	var items []Item
	for _, list := range []func() ([]Item, error){
		func() ([]Item, error) { return s.listMappings(ctx, p.name) },
		func() ([]Item, error) { return s.listSubscriptions(ctx, has) },
		func() ([]Item, error) { return s.listRole(ctx, p.role, p.name, d.KeepRole) },
		func() ([]Item, error) { return s.listLogGroup(ctx, p.logGroup, p.name) },
		func() ([]Item, error) { return s.listQueue(ctx, p.failures, p.name) },
		func() ([]Item, error) { return s.listAlarms(ctx, has) },
		func() ([]Item, error) {
			return s.listTable(ctx, targetTable, cmp.Or(d.Table, p.table), p.name, d.KeepTable)
		},
		func() ([]Item, error) {
			return s.listTable(ctx, ledgerTable, cmp.Or(d.Ledger, p.ledger), p.name, d.KeepTable)
		},
		func() ([]Item, error) { return s.listFunction(has), nil },
	} {
		more, err := list()
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// listMappings lists the event source mappings of a function. They outlive it.
func (s *Stack) listMappings(ctx context.Context, function string) ([]Item, error) {
	mappings, err := cloud.Mappings(ctx, s.Lambda, function, "")
	if err != nil && !awserr.IsMissing(err) {
		return nil, err
	}
	var items []Item
	for _, m := range mappings {
		items = append(items, Item{
			Resource{Kind: "mapping", Name: awsname.Source(aws.ToString(m.EventSourceArn)), ARN: aws.ToString(m.EventSourceArn)},
			func(ctx context.Context) error {
				_, err := s.Lambda.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: m.UUID})
				return err
			},
		})
	}
	return items, nil
}

// listSubscriptions lists the subscriptions of a function to the topics that may call
// it. The permissions disappear with the function.
func (s *Stack) listSubscriptions(ctx context.Context, f *function) ([]Item, error) {
	if f == nil {
		return nil, nil
	}
	topics, err := s.topics(ctx, f)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, topic := range topics {
		a, _ := arn.Parse(topic) // topics has checked it
		client := s.Topics(a.Region)
		subscriptions, err := cloud.Subscriptions(ctx, client, topic)
		if err != nil && !awserr.IsMissing(err) {
			return nil, err
		}
		for _, sub := range subscriptions {
			if aws.ToString(sub.Endpoint) != aws.ToString(f.FunctionArn) || !arn.IsARN(aws.ToString(sub.SubscriptionArn)) {
				continue
			}
			items = append(items, Item{
				Resource{Kind: "subscription", Name: a.Resource, ARN: *sub.SubscriptionArn},
				func(ctx context.Context) error {
					_, err := client.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: sub.SubscriptionArn})
					return err
				},
			})
		}
	}
	return items, nil
}

// topics returns the topics that the function's own policy allows to call it.
func (s *Stack) topics(ctx context.Context, f *function) ([]string, error) {
	callers, err := cloud.Callers(ctx, s.Lambda, aws.ToString(f.FunctionName))
	if err != nil {
		return nil, err
	}
	var topics []string
	for _, c := range callers {
		// A topic that two versions of fanout hooked has two statements.
		if a, err := arn.Parse(c.Source); err == nil && a.Service == "sns" && !slices.Contains(topics, c.Source) {
			topics = append(topics, c.Source)
		}
	}
	return topics, nil
}

// listTable lists a table, if there is one.
func (s *Stack) listTable(ctx context.Context, form tableForm, name, function string, keep bool) ([]Item, error) {
	if name == "" {
		return nil, nil
	}
	has, err := s.describe(ctx, name)
	if err != nil || has == nil || has.TableStatus == "DELETING" {
		return nil, err
	}
	item := Item{Resource: Resource{Kind: form.kind, Name: aws.ToString(has.TableName), ARN: aws.ToString(has.TableArn)}}
	ours, err := s.madeTable(ctx, item.ARN, function)
	switch {
	case err != nil:
		return nil, err
	case !ours:
		item.Note = notCreated
	case keep:
		item.Note = "--keep-table"
	default:
		if item.Note, err = s.otherUser(ctx, function, &item, tableVariables...); err != nil {
			return nil, fmt.Errorf("the functions that may use the table %q cannot be listed; add --keep-table to keep it: %w", item.Name, err)
		}
		if item.Note != "" {
			break
		}
		if form.kind == targetTable.kind {
			item.Note = s.countTargets(ctx, name)
		}
		item.delete = func(ctx context.Context) error { return s.deleteTable(ctx, name) } // by ARN: the account may be another
	}
	return []Item{item}, nil
}

// countTargets returns a note with the number of targets in a table, because they
// cannot be made again.
func (s *Stack) countTargets(ctx context.Context, table string) string {
	entries, err := (&registry.Table{Client: s.Tables, Catalog: s.Catalog, Name: table}).List(ctx, "")
	if err != nil {
		return "its targets cannot be counted"
	}
	active := 0
	for i := range entries {
		if entries[i].Active() {
			active++
		}
	}
	if len(entries) == 1 {
		return fmt.Sprintf("1 target, %d active", active)
	}
	return fmt.Sprintf("%d targets, %d active", len(entries), active)
}

const notCreated = "not created by fanout deploy for this function"

// listRole lists the function's role, if there is one.
func (s *Stack) listRole(ctx context.Context, name, function string, keep bool) ([]Item, error) {
	has, err := s.findRole(ctx, name)
	if err != nil || has == nil {
		return nil, err
	}
	item := Item{Resource: Resource{Kind: "role", Name: name, ARN: aws.ToString(has.Arn)}}
	switch {
	case !role.Made(has, function):
		item.Note = notCreated
	case keep:
		item.Note = "--keep-role"
	default:
		others, err := s.otherRegions(ctx, name)
		if err != nil {
			return nil, err
		}
		if others == "" {
			item.delete = func(ctx context.Context) error { return s.deleteRole(ctx, name) }
			break
		}
		item.Note = "the function in " + others + " uses it too"
		own := Item{Resource: Resource{Kind: "policy", Name: role.PolicyName(s.Region)}}
		own.delete = func(ctx context.Context) error { return s.deleteRolePolicy(ctx, name, own.Name) }
		return []Item{own, item}, nil
	}
	return []Item{item}, nil
}

// listLogGroup lists the function's log group, if there is one.
func (s *Stack) listLogGroup(ctx context.Context, name, function string) ([]Item, error) {
	has, err := cloud.LogGroup(ctx, s.Logs, name)
	if err != nil || has == nil {
		return nil, err
	}
	item := Item{Resource: Resource{Kind: "log group", Name: name, ARN: logGroupARN(has)}}
	ours, err := s.madeLogGroup(ctx, has, function)
	switch {
	case err != nil:
		return nil, err
	case !ours:
		item.Note = notCreated
	default:
		item.delete = func(ctx context.Context) error { return s.deleteLogGroup(ctx, name) }
	}
	return []Item{item}, nil
}

// listFunction lists the function, if there is one.
func (s *Stack) listFunction(f *function) []Item {
	if f == nil {
		return nil
	}
	return []Item{{
		Resource{Kind: "function", Name: aws.ToString(f.FunctionName), ARN: aws.ToString(f.FunctionArn)},
		func(ctx context.Context) error {
			_, err := s.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: f.FunctionName})
			return err
		},
	}}
}
