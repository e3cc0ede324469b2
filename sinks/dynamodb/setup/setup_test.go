package setup

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	sink "fanout/sinks/dynamodb"
)

const sourceARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"

// described returns a table with one key.
func described(name, key string, kind types.ScalarAttributeType) *types.TableDescription {
	return &types.TableDescription{
		TableArn: &name, TableStatus: types.TableStatusActive,
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("other"), AttributeType: "B"}, {AttributeName: &key, AttributeType: kind}},
	}
}

func TestInspect(t *testing.T) {
	const copyARN = "arn:aws:dynamodb:us-east-1:123456789012:table/copy"
	good := described(copyARN, "id", "S")
	making := described(copyARN, "id", "S")
	making.TableStatus = types.TableStatusCreating
	for _, tt := range []struct {
		name, tombstone, ttl string
		table, source        *types.TableDescription // source nil: it cannot be seen
		fault, doubt         string
	}{
		{"equal keys", "", sink.ExpiresAttribute, good, described(sourceARN, "id", "S"), "", ""},
		{"another name", "", sink.ExpiresAttribute, good, described(sourceARN, "key", "S"), "has the key id (S), but the source has key (S)", ""},
		{"another type", "", sink.ExpiresAttribute, good, described(sourceARN, "id", "N"), "has the key id (S), but the source has id (N)", ""},
		{"the source is hidden", "", sink.ExpiresAttribute, good, nil, "", ""},
		{"the source itself", "", sink.ExpiresAttribute, described(sourceARN, "id", "S"), described(sourceARN, "id", "S"), "the source itself", ""},
		{"being made", "", "", making, described(sourceARN, "id", "S"), "creating", ""},
		{"no time to live", "", "", good, described(sourceARN, "id", "S"), "", "no time to live"},
		{"another time to live", "", "expires", good, described(sourceARN, "id", "S"), "", "in the attribute expires, not in fanout:expires"},
		{"its own time to live", "expires", "expires", good, described(sourceARN, "id", "S"), "", ""},
		{"no tombstones", sinks.NoTombstone, "", good, described(sourceARN, "id", "S"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := awsfake.Config(func(_ context.Context, in any) (any, error) {
				switch in := in.(type) {
				case *dynamodb.DescribeTableInput:
					if *in.TableName != sourceARN {
						return &dynamodb.DescribeTableOutput{Table: tt.table}, nil
					}
					if tt.source == nil {
						return nil, errors.New("denied")
					}
					return &dynamodb.DescribeTableOutput{Table: tt.source}, nil
				case *dynamodb.DescribeTimeToLiveInput:
					out := &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}
					if tt.ttl != "" {
						out = &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusEnabled, AttributeName: &tt.ttl}
					}
					return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: out}, nil
				}
				return nil, errors.New("unexpected call")
			})
			state, err := inspect(t.Context(), cfg, &sinks.Spec{
				SourceARN: sourceARN + "/stream/2026-03-01T09:00:00.000", Type: sink.Type, Tombstone: tt.tombstone, Destination: sinks.Destination{Name: "copy"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(state.Fault, tt.fault) || (state.Fault == "") != (tt.fault == "") {
				t.Errorf("fault %q; want %q", state.Fault, tt.fault)
			}
			if !strings.Contains(state.Doubt, tt.doubt) || (state.Doubt == "") != (tt.doubt == "") {
				t.Errorf("doubt %q; want %q", state.Doubt, tt.doubt)
			}
		})
	}
}
