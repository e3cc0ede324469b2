// Package registry is the target table for the commands, which write it. The function
// only reads it.
package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/awserr"
	"fanout/internal/pages"
	"fanout/lambda/target"
)

// API is the part of a DynamoDB client that a Table needs.
type API interface {
	target.QueryAPI
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table is a target table.
type Table struct {
	Client  API
	Catalog *target.Catalog
	Name    string // or ARN

	// Missing, if set, makes the error for a table that does not exist.
	Missing func() error
}

// List returns the targets of a source in the order of their ids. "" means every
// source.
func (t *Table) List(ctx context.Context, source string) ([]Entry, error) {
	if source != "" {
		all, err := (&target.Table{Client: t.Client, Catalog: t.Catalog, Name: t.Name}).Items(ctx, source)
		if err != nil && !awserr.IsMissing(err) {
			return nil, err // the error names the table
		}
		return entries(all), t.failed("read", err)
	}
	all := target.Pages{Catalog: t.Catalog}
	for page, err := range pages.Of(ctx, dynamodb.NewScanPaginator(t.Client, &dynamodb.ScanInput{TableName: &t.Name, ConsistentRead: aws.Bool(true)})) {
		if err != nil {
			return nil, t.failed("read", err)
		}
		if err := all.Add(page.Items, page.Count); err != nil {
			return nil, t.failed("read", err)
		}
	}
	slices.SortStableFunc(all.Targets, func(a, b target.Loaded) int {
		return cmp.Or(cmp.Compare(a.Spec.SourceARN, b.Spec.SourceARN), cmp.Compare(a.ID, b.ID))
	})
	return entries(all.Targets), nil
}

func entries(all []target.Loaded) []Entry {
	list := make([]Entry, len(all))
	for i, l := range all {
		list[i] = Entry{l}
	}
	return list
}

// failed returns the error for a table that could not be read or written.
func (t *Table) failed(done string, err error) error {
	if err == nil {
		return nil
	}
	if awserr.IsMissing(err) && t.Missing != nil {
		return t.Missing()
	}
	if awserr.IsMissing(err) {
		return fmt.Errorf("the target table %q does not exist; run fanout deploy, or name another table with --table", t.Name)
	}
	return fmt.Errorf("the target table %q cannot be %s: %w", t.Name, done, err)
}

// key is the primary key of a target.
func key(source, id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"sourceArn": &types.AttributeValueMemberS{Value: source},
		"id":        &types.AttributeValueMemberS{Value: id},
	}
}

// NoTarget is the error for a target that a source does not have.
func (t *Table) NoTarget(source, id string) error {
	return fmt.Errorf("%s has no target %q in the table %q; run fanout list to see its targets", source, id, t.Name)
}
