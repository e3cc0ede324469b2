// Package setup looks at DynamoDB tables for the commands.
package setup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/dynamodb"
)

// Type describes targets that are DynamoDB tables, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "table",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "dynamodb" },
	Prices:   prices, Latencies: latencies,
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	_, err := describe(ctx, cfg, name)
	return name, account.Found("DynamoDB table", name, err)
}

func describe(ctx context.Context, cfg aws.Config, table string) (*types.TableDescription, error) {
	out, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// inspect checks the table's status, its keys, and that its tombstones expire.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	table, err := describe(ctx, cfg, s.Destination.NameOrARN())
	if err != nil {
		return account.State{}, err
	}
	state := account.Status("table", s, string(table.TableStatus), "ACTIVE", "UPDATING")
	if state.Fault != "" || !s.FromTable() {
		return state, nil
	}
	if state, found := compare(ctx, cfg, s, table); found {
		return state, nil
	}
	return expiry(ctx, cfg, s), nil
}

// compare compares the keys of a target's table with those of its source. It reports false if
// they are equal, or if the source cannot be seen: it has a check of its own.
func compare(ctx context.Context, cfg aws.Config, s *sinks.Spec, table *types.TableDescription) (account.State, bool) {
	name, _, _ := strings.Cut(s.SourceARN, "/stream/")
	if aws.ToString(table.TableArn) == name {
		return account.State{Fault: "the table is the source itself, so its changes would come back without end", Flags: []string{"--destination", "TABLE"}}, true
	}
	there := cfg.Copy()
	if parts := strings.Split(name, ":"); len(parts) > 3 {
		there.Region = parts[3]
	}
	source, err := describe(ctx, there, name)
	if err != nil {
		return account.State{}, false
	}
	if has, wants := keysOf(table), keysOf(source); has != wants {
		return account.State{
			Fault: fmt.Sprintf("the table has the key %s, but the source has %s", has, wants),
			Do:    "make a table with the key schema of the source, and name it as the destination",
		}, true
	}
	return account.State{}, false
}

// keysOf describes the key schema of a table.
func keysOf(t *types.TableDescription) string {
	var all []string
	for _, k := range t.KeySchema {
		i := slices.IndexFunc(t.AttributeDefinitions, func(a types.AttributeDefinition) bool {
			return aws.ToString(a.AttributeName) == aws.ToString(k.AttributeName)
		})
		kind := "?"
		if i >= 0 {
			kind = string(t.AttributeDefinitions[i].AttributeType)
		}
		all = append(all, aws.ToString(k.AttributeName)+" ("+kind+")")
	}
	return strings.Join(all, ", ")
}

// expiry checks that DynamoDB removes the table's tombstones.
func expiry(ctx context.Context, cfg aws.Config, s *sinks.Spec) account.State {
	want := cmp.Or(s.Tombstone, sink.ExpiresAttribute)
	if want == sinks.NoTombstone {
		return account.State{}
	}
	out, err := dynamodb.NewFromConfig(cfg).DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(s.Destination.NameOrARN())})
	if err != nil {
		return account.State{}
	}
	ttl := out.TimeToLiveDescription
	on := ttl != nil && (ttl.TimeToLiveStatus == types.TimeToLiveStatusEnabled || ttl.TimeToLiveStatus == types.TimeToLiveStatusEnabling)
	switch {
	case !on:
		return account.State{
			Doubt: "tombstones of deleted items stay for good, because the table has no time to live",
			Do:    "turn on time to live for the attribute " + want,
		}
	case aws.ToString(ttl.AttributeName) != want:
		return account.State{
			Doubt: fmt.Sprintf("tombstones of deleted items stay for good, because the table's time to live is in the attribute %s, not in %s", aws.ToString(ttl.AttributeName), want),
			Flags: []string{"--tombstone", aws.ToString(ttl.AttributeName)},
		}
	}
	return account.State{}
}

func key(ctx context.Context, cfg aws.Config, _ sinks.Place, s *sinks.Spec) (string, error) {
	table, err := describe(ctx, cfg, s.Destination.NameOrARN())
	if err != nil || table.SSEDescription == nil {
		return "", err
	}
	return aws.ToString(table.SSEDescription.KMSMasterKeyArn), nil
}
