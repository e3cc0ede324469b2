package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// WithoutImages returns the view of a table's stream, given by its ARN, if that view has
// no new images; "" if it has, or there is no such stream.
func WithoutImages(ctx context.Context, api dynamodb.DescribeTableAPIClient, stream string) (types.StreamViewType, error) {
	table, _ := TableOf(stream)
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil || out.Table == nil || out.Table.StreamSpecification == nil {
		return "", err
	}
	if v := out.Table.StreamSpecification.StreamViewType; v == types.StreamViewTypeKeysOnly || v == types.StreamViewTypeOldImage {
		return v, nil
	}
	return "", nil
}

// TableOf returns the ARN of the table that a DynamoDB stream, given by its ARN, is of.
func TableOf(stream string) (table string, ok bool) {
	table, _, ok = strings.Cut(stream, "/stream/")
	return table, ok && strings.Contains(table, ":dynamodb:")
}

// StreamNow returns the ARN of the stream that the table of a stream has now, which is
// another one once it was switched off and on; "" if it has none.
func StreamNow(ctx context.Context, api dynamodb.DescribeTableAPIClient, stream string) (string, error) {
	table, _ := TableOf(stream)
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return "", err
	}
	return streamOf(out.Table), nil
}

// streamOf returns the ARN of a table's stream, "" if it has none. A table tells the
// latest one also when that is switched off.
func streamOf(t *types.TableDescription) string {
	if t == nil || t.StreamSpecification == nil || !aws.ToBool(t.StreamSpecification.StreamEnabled) {
		return ""
	}
	return aws.ToString(t.LatestStreamArn)
}
