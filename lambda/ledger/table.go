package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Keep is how long an entry is of use. Lambda sends a batch that failed again
// within minutes, and each failure writes its entry anew.
const Keep = 24 * time.Hour

// API is what a Table needs of a DynamoDB client.
type API interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Table is the ledger. It is safe for concurrent use if Client is.
type Table struct {
	Client API
	Name   string // or ARN
}

// item is an item, or the key of one.
type item = map[string]types.AttributeValue

// Read returns the entries of a shard that may tell of the record with sequence
// number from, or of later ones: entries of batches that lie before it are neither
// read nor paid for. An item that fanout did not write is an error, beside what the
// others say.
func (t *Table) Read(ctx context.Context, shard, from string) ([]Entry, error) {
	query := &dynamodb.QueryInput{
		TableName:                &t.Name,
		KeyConditionExpression:   aws.String("#shard = :shard AND #batch >= :from"),
		ExpressionAttributeNames: map[string]string{"#shard": "shard", "#batch": "batch"}, // batch is a reserved word
		ExpressionAttributeValues: item{
			":shard": &types.AttributeValueMemberS{Value: shard},
			":from":  &types.AttributeValueMemberS{Value: sortable(from)},
		},
		ConsistentRead: aws.Bool(true), // Lambda sends again within a second
	}
	var all []Entry
	var faults []error
	for {
		page, err := t.Client.Query(ctx, query)
		if err != nil {
			return all, t.explain(err, "dynamodb:Query")
		}
		for _, it := range page.Items {
			e, err := read(it)
			if err != nil {
				faults = append(faults, fmt.Errorf("the ledger %q has an item that cannot be used: %w", t.Name, err))
			} else if e.Expires.After(time.Now()) { // DynamoDB removes it within days
				all = append(all, e)
			}
		}
		if len(page.LastEvaluatedKey) == 0 {
			return all, errors.Join(faults...)
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

// Write keeps an entry for as long as Keep says, instead of the one that the batch
// had. Of an entry that is too large for an item it keeps what the last records need.
func (t *Table) Write(ctx context.Context, shard string, e Entry) error {
	e, records := e.fit()
	has := item{}
	for target, bits := range e.Has {
		has[target] = &types.AttributeValueMemberB{Value: bits}
	}
	it := key(shard, e.Last)
	it["expires"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(Keep).Unix(), 10)}
	it["records"] = &types.AttributeValueMemberB{Value: records}
	it["has"] = &types.AttributeValueMemberM{Value: has}
	_, err := t.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Name, Item: it})
	return t.explain(err, "dynamodb:PutItem")
}

// Delete removes the entry of the batch with the highest sequence number last.
func (t *Table) Delete(ctx context.Context, shard, last string) error {
	_, err := t.Client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.Name, Key: key(shard, last)})
	return t.explain(err, "dynamodb:DeleteItem")
}

func key(shard, last string) item {
	return item{
		"shard": &types.AttributeValueMemberS{Value: shard},
		"batch": &types.AttributeValueMemberS{Value: sortable(last)},
	}
}

// read makes an entry of an item.
func read(it item) (e Entry, err error) {
	batch, _ := it["batch"].(*types.AttributeValueMemberS)
	expires, _ := it["expires"].(*types.AttributeValueMemberN)
	records, _ := it["records"].(*types.AttributeValueMemberB)
	has, _ := it["has"].(*types.AttributeValueMemberM)
	if batch == nil || len(batch.Value) < 3 || expires == nil || records == nil || has == nil {
		return e, errors.New("it lacks an attribute, or one is of another type")
	}
	seconds, err := strconv.ParseInt(expires.Value, 10, 64)
	if err != nil {
		return e, errors.New(`the attribute "expires" is not a whole number`)
	}
	e = Entry{Last: batch.Value[3:], Expires: time.Unix(seconds, 0), Has: make(map[string]Bits, len(has.Value))}
	if e.Seqs, err = inflate(records.Value); err != nil {
		return e, err
	}
	for target, bits := range has.Value {
		if b, ok := bits.(*types.AttributeValueMemberB); ok {
			e.Has[target] = b.Value
		}
	}
	return e, nil
}

// explain says what to do about an error of a call that needs an action of IAM.
func (t *Table) explain(err error, action string) error {
	if err == nil {
		return nil
	}
	why := err.Error()
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "ResourceNotFoundException":
			why = "it does not exist in this account and region; create it, or set FANOUT_LEDGER_TABLE to the name or ARN of the one that does"
		case "AccessDeniedException":
			why = "allow the function's role " + action + " on it"
		case "ValidationException":
			why = api.ErrorMessage() + "; its keys must be shard (hash, S) and batch (range, S)"
		default:
			why = api.ErrorCode() + ": " + api.ErrorMessage()
		}
	}
	return &tableError{fmt.Sprintf("the ledger %q cannot be used: %s", t.Name, why), err}
}

// tableError is an SDK error in other words.
type tableError struct {
	text string
	err  error
}

func (e *tableError) Error() string { return e.text }
func (e *tableError) Unwrap() error { return e.err }
