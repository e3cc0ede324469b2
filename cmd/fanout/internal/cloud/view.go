package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// WithoutImages returns the view of a table's stream, given by its ARN, if that view has
// no new images; "" if it has, or there is no such stream.
func WithoutImages(ctx context.Context, api dynamodb.DescribeTableAPIClient, stream string) (types.StreamViewType, error) {
	table, _, _ := strings.Cut(stream, "/stream/")
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil || out.Table == nil || out.Table.StreamSpecification == nil {
		return "", err
	}
	if v := out.Table.StreamSpecification.StreamViewType; v == types.StreamViewTypeKeysOnly || v == types.StreamViewTypeOldImage {
		return v, nil
	}
	return "", nil
}
