package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Images says which images the view type of a table's stream lacks.
type Images struct {
	View         types.StreamViewType
	NoNew, NoOld bool
}

// ImagesOf returns the images of a table's stream, given by its ARN. It returns none
// lacking if no such stream exists.
func ImagesOf(ctx context.Context, api dynamodb.DescribeTableAPIClient, stream string) (Images, error) {
	table, _ := TableOf(stream)
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil || out.Table == nil || out.Table.StreamSpecification == nil {
		return Images{}, err
	}
	v := out.Table.StreamSpecification.StreamViewType
	return Images{
		View:  v,
		NoNew: v == types.StreamViewTypeKeysOnly || v == types.StreamViewTypeOldImage,
		NoOld: v == types.StreamViewTypeKeysOnly || v == types.StreamViewTypeNewImage,
	}, nil
}

// TableOf returns the ARN of the table behind a DynamoDB stream, given by its ARN.
func TableOf(stream string) (table string, ok bool) {
	table, _, ok = strings.Cut(stream, "/stream/")
	return table, ok && strings.Contains(table, ":dynamodb:")
}

// StreamNow returns the ARN of the current stream of the table behind stream; "" if the
// table has none. A table gets another stream when its stream is switched off and on.
func StreamNow(ctx context.Context, api dynamodb.DescribeTableAPIClient, stream string) (string, error) {
	table, _ := TableOf(stream)
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return "", err
	}
	return streamOf(out.Table), nil
}

// streamOf returns the ARN of a table's stream, "" if it has none. A table names its
// latest stream even when that is switched off.
func streamOf(t *types.TableDescription) string {
	if t == nil || t.StreamSpecification == nil || !aws.ToBool(t.StreamSpecification.StreamEnabled) {
		return ""
	}
	return aws.ToString(t.LatestStreamArn)
}
