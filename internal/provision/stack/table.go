package stack

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/awserr"
	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
)

// tableForm is the form of one kind of table.
type tableForm struct {
	kind, flag string
	hash, rng  string // keys, both strings
	expires    string // attribute for time to live; "": none
	backups    bool   // whether it can be restored to a point in time
}

var (
	targetTable = tableForm{kind: "table", flag: "--table", hash: "sourceArn", rng: "id", backups: true}

	// Entries of the ledger are useless after a day, so it has no backups.
	ledgerTable = tableForm{kind: "ledger table", flag: "--ledger-table", hash: "shard", rng: "batch", expires: "expires"}
)

// table makes a table, or updates one that deploy made. Any other table is only
// checked. A table given by ARN is taken as it is.
func (s *Stack) table(ctx context.Context, form tableForm, name, function string) (Resource, error) {
	t := Resource{Kind: form.kind, Name: cloud.Name(name), Outcome: cloud.Given}
	if arn.IsARN(name) {
		t.ARN = name
		return t, nil
	}
	t.Outcome = cloud.Unchanged
	has, err := s.describe(ctx, name)
	if err != nil {
		return t, err
	}
	if has == nil {
		if t.Outcome = cloud.Created; s.DryRun {
			return t, nil
		}
		if err := s.createTable(ctx, form, name, function); err != nil {
			return t, err
		}
	} else if err := form.check(has); err != nil {
		return t, err
	}
	if has, err = s.activeTable(ctx, name); err != nil {
		return t, err
	}
	t.ARN = aws.ToString(has.TableArn)
	if ours, err := s.madeTable(ctx, t.ARN, function); err != nil {
		return t, err
	} else if !ours {
		t.Note = "not created by fanout deploy, so its settings stay unchanged"
		return t, nil
	}
	changes, err := s.adjustTable(ctx, form, has)
	if len(changes) > 0 && t.Outcome == cloud.Unchanged {
		t.Outcome, t.Changes = cloud.Updated, changes
	}
	return t, err
}

// describe returns a table, nil if there is none.
func (s *Stack) describe(ctx context.Context, name string) (*types.TableDescription, error) {
	out, err := s.Tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the table %q cannot be looked up: %w", name, err)
	}
	return out.Table, nil
}

// check refuses a table with other keys.
func (form *tableForm) check(t *types.TableDescription) error {
	keys := make(map[types.KeyType]string)
	for _, k := range t.KeySchema {
		keys[k.KeyType] = aws.ToString(k.AttributeName)
	}
	strings := make(map[string]bool)
	for _, a := range t.AttributeDefinitions {
		strings[aws.ToString(a.AttributeName)] = a.AttributeType == types.ScalarAttributeTypeS
	}
	if keys[types.KeyTypeHash] != form.hash || keys[types.KeyTypeRange] != form.rng || !strings[form.hash] || !strings[form.rng] {
		return fmt.Errorf("the keys of the table %q are not %s (hash, S) and %s (range, S); name another table with %s",
			aws.ToString(t.TableName), form.hash, form.rng, form.flag)
	}
	return nil
}

func (s *Stack) createTable(ctx context.Context, form tableForm, name, function string) error {
	_, err := s.Tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: &form.hash, AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: &form.rng, AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: &form.hash, KeyType: types.KeyTypeHash},
			{AttributeName: &form.rng, KeyType: types.KeyTypeRange},
		},
		BillingMode:      types.BillingModePayPerRequest,
		SSESpecification: &types.SSESpecification{Enabled: aws.Bool(true)},
		Tags:             []types.Tag{{Key: aws.String(role.Tag), Value: &function}},
	})
	if err != nil {
		return fmt.Errorf("the table %q cannot be created: %w", name, err)
	}
	return nil
}

// activeTable waits until a table accepts calls.
func (s *Stack) activeTable(ctx context.Context, name string) (t *types.TableDescription, err error) {
	err = poll(ctx, waitLimit, fmt.Sprintf("the table %q", name), func() (bool, error) {
		if t, err = s.describe(ctx, name); err != nil {
			return false, err
		}
		if t == nil {
			return false, nil // a new table may not be visible yet
		}
		switch t.TableStatus {
		case types.TableStatusActive:
			return true, nil
		case types.TableStatusCreating, types.TableStatusUpdating, "":
			return false, nil
		default:
			return false, fmt.Errorf("the table %q is %s; try again when it is ACTIVE or gone", name, t.TableStatus)
		}
	})
	return t, err
}

// madeTable reports whether deploy made a table for a function.
func (s *Stack) madeTable(ctx context.Context, tableARN, function string) (bool, error) {
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: &tableARN}
	for range pages.Max {
		out, err := s.Tables.ListTagsOfResource(ctx, in)
		if err != nil {
			return false, fmt.Errorf("the tags of the table %q cannot be read: %w", cloud.Name(tableARN), err)
		}
		for _, tag := range out.Tags {
			if aws.ToString(tag.Key) == role.Tag {
				return aws.ToString(tag.Value) == function, nil
			}
		}
		if out.NextToken == nil {
			return false, nil
		}
		in.NextToken = out.NextToken
	}
	return false, fmt.Errorf("the tags of the table %q cannot be read: %w", cloud.Name(tableARN), pages.ErrEndless)
}
