package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/engine/plain"
	"fanout/lambda/target"
)

// Change is one change of a target in the table.
type Change struct {
	Source, ID string
	Kind       Kind
	Set        target.Values // attributes to write: all of them for Create and Replace
	Unset      []string      // attributes to remove; only for an Update
}

// Kind is a kind of Change.
type Kind int

const (
	Create  Kind = iota // fails if the target exists
	Replace             // the target may exist or not
	Update              // fails if it does not exist
	Remove              // fails if it does not exist
)

// maxChanges is the limit of one transaction in items (DynamoDB API,
// TransactWriteItems).
const maxChanges = 100

// Apply makes all changes, or none and returns an error. More than a hundred changes
// are made in steps of a hundred.
func (t *Table) Apply(ctx context.Context, changes ...Change) error {
	made := 0
	for batch := range slices.Chunk(changes, maxChanges) {
		in := &dynamodb.TransactWriteItemsInput{}
		for _, c := range batch {
			in.TransactItems = append(in.TransactItems, t.write(c))
		}
		if _, err := t.Client.TransactWriteItems(ctx, in); err != nil {
			err = t.refused(batch, err)
			if made > 0 {
				err = fmt.Errorf("%d of %d changes are made; run apply again to make the others: %w", made, len(changes), err)
			}
			return err
		}
		made += len(batch)
	}
	return nil
}

func (t *Table) write(c Change) types.TransactWriteItem {
	exists := aws.String("attribute_exists(id)")
	switch c.Kind {
	case Update:
		expr, names, values := c.expression()
		return types.TransactWriteItem{Update: &types.Update{
			TableName: &t.Name, Key: key(c.Source, c.ID), ConditionExpression: exists,
			UpdateExpression: &expr, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		}}
	case Remove:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &t.Name, Key: key(c.Source, c.ID), ConditionExpression: exists}}
	default:
	}
	item := key(c.Source, c.ID)
	for name, v := range c.Set {
		item[name] = attributeValue(v)
	}
	put := &types.Put{TableName: &t.Name, Item: item}
	if c.Kind == Create {
		put.ConditionExpression = aws.String("attribute_not_exists(id)")
	}
	return types.TransactWriteItem{Put: put}
}

// expression returns the update expression of c. It numbers its attributes, because
// some of their names are reserved words.
func (c *Change) expression() (string, map[string]string, map[string]types.AttributeValue) {
	var set, remove []string
	names, values := make(map[string]string), make(map[string]types.AttributeValue)
	for i, a := range target.Attributes() {
		name := fmt.Sprintf("#a%d", i)
		if v, ok := c.Set[a.Name]; ok {
			value := fmt.Sprintf(":a%d", i)
			names[name], values[value] = a.Name, attributeValue(v)
			set = append(set, name+" = "+value)
		} else if slices.Contains(c.Unset, a.Name) {
			names[name] = a.Name
			remove = append(remove, name)
		}
	}
	var parts []string
	if len(set) > 0 {
		parts = append(parts, "SET "+strings.Join(set, ", "))
	}
	if len(remove) > 0 {
		parts = append(parts, "REMOVE "+strings.Join(remove, ", "))
	}
	if len(values) == 0 {
		values = nil // DynamoDB refuses an empty map
	}
	return strings.Join(parts, " "), names, values
}

func attributeValue(v target.Value) types.AttributeValue {
	switch v.Kind {
	case target.Bool:
		return &types.AttributeValueMemberBOOL{Value: v.Text == "true"}
	case target.Number:
		return &types.AttributeValueMemberN{Value: v.Text}
	default:
		return &types.AttributeValueMemberS{Value: v.Text}
	}
}

// refused names the change that could not be made.
func (t *Table) refused(changes []Change, err error) error {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return t.failed("written", err)
	}
	var faults []error
	for i, why := range cancelled.CancellationReasons {
		if i >= len(changes) || aws.ToString(why.Code) == "None" {
			continue
		}
		c := changes[i]
		switch {
		case aws.ToString(why.Code) != "ConditionalCheckFailed":
			faults = append(faults, fmt.Errorf("the target %q of %s cannot be written: %s (%s)", c.ID, c.Source, plain.Line(aws.ToString(why.Message)), plain.Line(aws.ToString(why.Code))))
		case c.Kind == Create:
			faults = append(faults, fmt.Errorf("%s already has a target %q; use fanout update, or add --force to replace it", c.Source, c.ID))
		default:
			faults = append(faults, t.NoTarget(c.Source, c.ID))
		}
	}
	if len(faults) == 0 {
		return t.failed("written", err)
	}
	return errors.Join(faults...)
}
