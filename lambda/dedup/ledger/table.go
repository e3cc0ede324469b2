package ledger

import (
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"fanout/engine/plain"
)

const (
	// Keep is how long an entry is useful. Lambda resends a failed batch within minutes,
	// and each failure rewrites its entry. But the second half of a bisected batch waits
	// until the first half succeeds or is given up.
	Keep = 6 * time.Hour

	// maxRead bounds the names read for a shard, to about 10 MB. An attacker could add
	// names to fill the function's memory.
	maxRead = 100_000

	// maxItems bounds the items read for a shard.
	maxItems = 2_000
)

// API is the part of the DynamoDB client that a Table uses.
type API interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Table is the ledger. It is safe for concurrent use if Client is.
type Table struct {
	Client API
	Name   string // name or ARN
	Key    string // key for the items' digests; "" still binds items to their places, but anyone can then forge them
}

// An ItemError reports unusable items. The other items can be used.
type ItemError struct{ error }

// Unwrap returns the underlying fault.
func (e *ItemError) Unwrap() error { return e.error }

// item is an item, or the key of one.
type item = map[string]types.AttributeValue

// Read returns the entries of a shard that may cover the record with sequence number from,
// or later records. It neither reads nor pays for entries of earlier batches. If some items
// are unusable, it returns an ItemError together with the other entries.
func (t *Table) Read(ctx context.Context, shard, from string) ([]Entry, error) {
	query := &dynamodb.QueryInput{
		TableName:                &t.Name,
		KeyConditionExpression:   aws.String("#shard = :shard AND #batch >= :from"),
		ExpressionAttributeNames: map[string]string{"#shard": "shard", "#batch": "batch"}, // batch is a reserved word
		ExpressionAttributeValues: item{
			":shard": &types.AttributeValueMemberS{Value: shard},
			":from":  &types.AttributeValueMemberS{Value: sortable(from)},
		},
		ConsistentRead: aws.Bool(true), // Lambda resends within a second
	}
	r := reading{table: t, shard: shard}
	for {
		page, err := t.Client.Query(ctx, query)
		if err != nil {
			return r.entries, t.explain(err, "dynamodb:Query")
		}
		for _, it := range page.Items {
			r.add(it)
		}
		if len(page.LastEvaluatedKey) == 0 || r.full() {
			return r.entries, r.err()
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

// reading holds the entries read of a shard.
type reading struct {
	table   *Table
	shard   string
	entries []Entry
	names   int // of entries
	items   int
	faulty  int   // unusable items
	fault   error // of the first unusable item
}

// full reports whether a read limit is reached.
func (r *reading) full() bool { return r.names > maxRead || r.items > maxItems }

// add adds an item's entry unless it has expired. DynamoDB can take days to remove expired
// items.
func (r *reading) add(it item) {
	if r.items++; r.full() {
		return
	}
	e, err := r.table.read(r.shard, it)
	if err != nil {
		r.faulty++
		r.fault = cmp.Or(r.fault, err)
		return
	}
	if e.Expires.After(time.Now()) {
		r.entries = append(r.entries, e)
		r.names += len(e.Names)
	}
}

func (r *reading) err() error {
	switch {
	case r.faulty > 0:
		return &ItemError{fmt.Errorf("the ledger %q: ignored %d of the items of shard %s; the first is unusable: %w", r.table.Name, r.faulty, plain.Line(r.shard), r.fault)}
	case r.full():
		return &ItemError{fmt.Errorf("the ledger %q has too many items of one shard, so the rest is ignored", r.table.Name)}
	}
	return nil
}

// Write stores an entry for the duration Keep and replaces the batch's earlier entry. If
// the entry is too large for an item, Write keeps the part for its first records.
func (t *Table) Write(ctx context.Context, shard string, e Entry) error {
	e, records := e.fit()
	has := item{}
	for target, bits := range e.Has {
		has[target] = &types.AttributeValueMemberB{Value: bits}
	}
	now, it := time.Now(), key(shard, e.Last)
	it["expires"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(now.Add(Keep).Unix(), 10)}
	it["written"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(now.UnixNano(), 10)}
	it["records"] = &types.AttributeValueMemberB{Value: records}
	it["has"] = &types.AttributeValueMemberM{Value: has}
	it["digest"] = &types.AttributeValueMemberB{Value: t.digest(it)}
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

// read decodes an item of a shard. It verifies that the item was written for its place
// before it unpacks anything.
func (t *Table) read(shard string, it item) (e Entry, err error) {
	batch, _ := it["batch"].(*types.AttributeValueMemberS)
	expires, _ := it["expires"].(*types.AttributeValueMemberN)
	written, _ := it["written"].(*types.AttributeValueMemberN)
	records, _ := it["records"].(*types.AttributeValueMemberB)
	has, _ := it["has"].(*types.AttributeValueMemberM)
	digest, _ := it["digest"].(*types.AttributeValueMemberB)
	if batch == nil || len(batch.Value) < 3 || expires == nil || written == nil || records == nil || has == nil || digest == nil {
		return e, errors.New("an attribute is missing or has the wrong type")
	}
	if s, _ := it["shard"].(*types.AttributeValueMemberS); s == nil || s.Value != shard || !hmac.Equal(digest.Value, t.digest(it)) {
		return e, errDigest
	}
	seconds, err := strconv.ParseInt(expires.Value, 10, 64)
	if err != nil {
		return e, errors.New(`the attribute "expires" is not a whole number`)
	}
	nanoseconds, err := strconv.ParseInt(written.Value, 10, 64)
	if err != nil {
		return e, errors.New(`the attribute "written" is not a whole number`)
	}
	e = Entry{
		Last: batch.Value[3:], Expires: time.Unix(seconds, 0), Written: time.Unix(0, nanoseconds),
		Has: make(map[string]Bits, len(has.Value)),
	}
	if e.Names, err = inflate(records.Value); err != nil {
		return e, err
	}
	for target, bits := range has.Value {
		if b, ok := bits.(*types.AttributeValueMemberB); ok {
			e.Has[target] = b.Value
		}
	}
	return e, nil
}

// explain adds a remedy to the error of a call that needs the given IAM action.
func (t *Table) explain(err error, action string) error {
	if err == nil {
		return nil
	}
	why := err.Error()
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "ResourceNotFoundException":
			why = "it does not exist in this account and region; create it, or set FANOUT_LEDGER_TABLE to the name or ARN of an existing one"
		case "AccessDeniedException":
			why = "allow the function's role " + action + " on it"
		case "ValidationException":
			why = api.ErrorMessage() + "; its keys must be shard (hash, S) and batch (range, S)"
		default:
			why = api.ErrorCode() + ": " + api.ErrorMessage()
		}
	}
	return plain.Explain(err, fmt.Sprintf("the ledger %q cannot be used: %s", t.Name, why))
}
