package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"fanout/engine/plain"
	"fanout/internal/awshttp"
)

// QueryAPI is the part of the DynamoDB client that a Table uses.
type QueryAPI interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Table is a Store in a DynamoDB table with the keys sourceArn (hash) and id (range).
type Table struct {
	Client  QueryAPI
	Catalog *Catalog
	Name    string // or ARN

	// FileDir is the folder below which file targets may write. If it is "", file targets
	// are faults, because anyone with write access to the table could otherwise write files
	// on this machine.
	FileDir string
}

// Targets reads the targets of a source.
func (t *Table) Targets(ctx context.Context, sourceARN string) (Set, error) {
	all, err := t.Items(ctx, sourceARN)
	if stream, ok := consumed(sourceARN); ok && err == nil && len(all) == 0 {
		all, err = t.Items(ctx, stream)
	}
	for i := range all {
		all[i].Confine(t.FileDir)
	}
	set := Set{Targets: all}
	if _, ok := streamTable(sourceARN); ok && len(all) == 0 {
		set.Elsewhere = "a stream that was switched off and on has a new ARN: fanout doctor lists the targets of the former stream"
	}
	return set, err
}

// Items reads the targets with this sourceArn. It uses consistent reads, so that the next
// refresh sees every change. The reads are too few to cost much.
func (t *Table) Items(ctx context.Context, sourceARN string) ([]Loaded, error) {
	query := &dynamodb.QueryInput{
		TableName:                 &t.Name,
		KeyConditionExpression:    aws.String("sourceArn = :source"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":source": &types.AttributeValueMemberS{Value: sourceARN}},
		ConsistentRead:            aws.Bool(true),
	}
	pages := Pages{Catalog: t.Catalog, source: sourceARN}
	for {
		page, err := t.Client.Query(ctx, query, oneValue)
		if err != nil {
			return nil, t.explain(err)
		}
		if err := pages.Add(page.Items, page.Count); err != nil {
			return nil, t.failed(err, "cannot be read: %v", err)
		}
		if len(page.LastEvaluatedKey) == 0 {
			return pages.Targets, nil
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

// The limits of a read count text bytes and an overhead per target. They allow
// about 6,000 targets of a source, and 200,000 in all. Without them, endless pages could
// fill the memory, and endless pages without targets could take forever.
const (
	maxTargets = 8 << 20 // of one source
	maxTable   = 256 << 20
	itemBytes  = 1 << 10
	maxPages   = 10_000
)

// checkEndpoint is the remedy for an answer that DynamoDB does not give.
const checkEndpoint = "check the endpoint and its proxies"

// Pages collects the pages of a Query or Scan. It validates them, so that a server other
// than DynamoDB cannot hide targets or add foreign ones.
type Pages struct {
	Catalog *Catalog
	Targets []Loaded

	source string // required of every item; "": any
	seen   map[[2]string]bool
	pages  int
	bytes  int
}

// Add adds a page. It fails unless the page has a list of items, possibly empty, and a
// count equal to its length (DynamoDB API, Query, Count). Each item must have a key that
// matches the query and is unique.
func (p *Pages) Add(items []map[string]types.AttributeValue, count int32) error {
	switch {
	case items == nil:
		return errors.New("the answer has no list of items; " + checkEndpoint)
	case len(items) != int(count):
		return fmt.Errorf("the answer counts %d items and has %d; %s", count, len(items), checkEndpoint)
	}
	if p.pages++; p.pages > maxPages {
		return fmt.Errorf("the answer does not end after %d pages; %s", maxPages, checkEndpoint)
	}
	if p.seen == nil {
		p.seen = make(map[[2]string]bool, len(items))
	}
	for _, item := range items {
		attrs := values(item)
		source, id := attrs["sourceArn"], attrs["id"]
		key := [2]string{source.Text, id.Text}
		switch {
		case source.Kind != String || p.source != "" && source.Text != p.source:
			return fmt.Errorf("the answer has an unexpected item; %s", checkEndpoint)
		case id.Kind == String && p.seen[key]:
			return fmt.Errorf("the answer has the item %q twice; %s", id.Text, checkEndpoint)
		}
		p.seen[key] = true
		p.bytes += itemBytes
		for name, v := range attrs {
			p.bytes += len(name) + len(v.Text)
		}
		if p.source != "" && p.bytes > maxTargets {
			return fmt.Errorf("the answer has more than %d targets of one source, which is the limit; remove some", len(p.Targets))
		}
		if p.bytes > maxTable {
			return fmt.Errorf("the answer has more than %d targets, which is the limit; %s", len(p.Targets), checkEndpoint)
		}
		p.Targets = append(p.Targets, p.Catalog.Read(attrs, fmt.Sprintf("item %d", len(p.Targets)+1)))
	}
	return nil
}

// values converts an item to attributes.
func values(item map[string]types.AttributeValue) Values {
	attrs := make(Values, len(item))
	for name, av := range item {
		attrs[name] = valueOf(av)
	}
	return attrs
}

func valueOf(av types.AttributeValue) Value {
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		return Value{Kind: String, Text: av.Value}
	case *types.AttributeValueMemberN:
		return Value{Kind: Number, Text: av.Value}
	case *types.AttributeValueMemberBOOL:
		return Value{Kind: Bool, Text: strconv.FormatBool(av.Value)}
	case *types.AttributeValueMemberNULL:
		return Value{Kind: Null}
	case *types.AttributeValueMemberL:
		return Value{Kind: List, Text: asJSON(plainValue(av, 0))}
	case *types.AttributeValueMemberM:
		return Value{Kind: Map, Text: asJSON(plainValue(av, 0))}
	}
	_, kind, _ := strings.Cut(fmt.Sprintf("%T", av), "AttributeValueMember")
	return Value{Kind: Kind(kind)}
}

// maxLevels is how deep DynamoDB nests values (DynamoDB developer guide, Constraints).
const maxLevels = 32

// plainValue converts a value of an item to that of JSON.
func plainValue(av types.AttributeValue, level int) (any, bool) {
	if level > maxLevels {
		return nil, false
	}
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		return av.Value, true
	case *types.AttributeValueMemberN:
		return json.Number(av.Value), true
	case *types.AttributeValueMemberBOOL:
		return av.Value, true
	case *types.AttributeValueMemberNULL:
		return nil, true
	case *types.AttributeValueMemberL:
		list := make([]any, len(av.Value))
		for i := range av.Value {
			var ok bool
			if list[i], ok = plainValue(av.Value[i], level+1); !ok {
				return nil, false
			}
		}
		return list, true
	case *types.AttributeValueMemberM:
		object := make(map[string]any, len(av.Value))
		for name, value := range av.Value {
			var ok bool
			if object[name], ok = plainValue(value, level+1); !ok {
				return nil, false
			}
		}
		return object, true
	}
	return nil, false // sets and binary data are no JSON
}

// oneValue refuses an answer that goes on behind its JSON.
func oneValue(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, awshttp.OneValue(func(*http.Response) error {
		return errors.New("the answer goes on behind its end; " + checkEndpoint)
	}))
}

// explain adds a remedy to the error of a query.
func (t *Table) explain(err error) error {
	// The SDK has no error type for this. The providers' reasons may be long and do not
	// help.
	if op, ok := errors.AsType[*smithy.OperationError](err); ok && strings.HasPrefix(op.Err.Error(), "get identity:") {
		return t.failed(err, "cannot be read, because there are no AWS credentials; give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "ResourceNotFoundException":
			return t.failed(err, "does not exist in this account and region; create it, or name an existing one with FANOUT_TABLE (run and redrive: --table)")
		case "AccessDeniedException":
			return t.failed(err, "cannot be read: access is denied; allow the function's role dynamodb:Query on it")
		case "ValidationException":
			return t.failed(err, "refuses the query (%s); its keys must be sourceArn (hash, S) and id (range, S)", api.ErrorMessage())
		case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "IncompleteSignatureException":
			return t.failed(err, "cannot be read, because AWS refuses the credentials (%s); renew them", api.ErrorCode())
		}
		return t.failed(err, "cannot be read: %s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return t.failed(err, "cannot be read: %v", err)
}

func (t *Table) failed(err error, format string, args ...any) error {
	return plain.Explain(err, fmt.Sprintf("the target table %q "+format, append([]any{t.Name}, args...)...))
}
