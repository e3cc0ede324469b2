package registry

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/lambda"
)

// endlessTable has a further page after each one.
type endlessTable struct {
	API
	page func(n int) []map[string]types.AttributeValue
	n    int
}

func (e *endlessTable) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	items := e.page(e.n)
	e.n++
	return &dynamodb.ScanOutput{Items: items, Count: int32(len(items)), LastEvaluatedKey: key(stream, "same")}, nil
}

func TestEndlessScan(t *testing.T) {
	long := &types.AttributeValueMemberS{Value: strings.Repeat("x", 1<<20)}
	for name, test := range map[string]struct {
		page func(n int) []map[string]types.AttributeValue
		want string
	}{
		"without targets": {func(int) []map[string]types.AttributeValue { return []map[string]types.AttributeValue{} }, "the list does not end"},
		"the same target": {func(int) []map[string]types.AttributeValue {
			return []map[string]types.AttributeValue{key(stream, "a")}
		}, `has the item "a" twice`},
		"large targets": {func(n int) []map[string]types.AttributeValue {
			item := key(stream, strconv.Itoa(n))
			item["destination"] = long
			return []map[string]types.AttributeValue{item}
		}, "has more than 255 targets"},
	} {
		t.Run(name, func(t *testing.T) {
			table := &Table{Catalog: lambda.Builtin(), Client: &endlessTable{page: test.page}, Name: "targets"}
			if _, err := table.List(t.Context(), ""); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
