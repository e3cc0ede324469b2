package lambda

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fleetLedger is the table of a fleet's ledger as an instance sees it. If the fleet's
// ledger is unsure, calls fail, hang, or have no effect or no answer.
type fleetLedger struct{ in *instance }

type ledgerValue = types.AttributeValue

var errLedger = errors.New("the ledger fails")

// call makes a call that has an effect.
func (l *fleetLedger) call(ctx context.Context, effect func()) error {
	f := l.in.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.in.dead {
		return errInstance
	}
	if f.unsure {
		switch f.rnd.IntN(16) {
		case 0:
			return errLedger
		case 1:
			f.mu.Unlock()
			<-ctx.Done()
			f.mu.Lock()
			return ctx.Err()
		case 2:
			return nil
		case 3:
			effect()
			return errLedger
		}
	}
	effect()
	return nil
}

func ledgerText(item map[string]ledgerValue, name string) string {
	return item[name].(*types.AttributeValueMemberS).Value
}

// Query returns what it should, a page of all.
func (l *fleetLedger) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := new(dynamodb.QueryOutput)
	err := l.call(ctx, func() {
		items := l.in.fleet.items[ledgerText(in.ExpressionAttributeValues, ":shard")]
		for _, batch := range slices.Sorted(maps.Keys(items)) {
			if batch >= ledgerText(in.ExpressionAttributeValues, ":from") {
				out.Items = append(out.Items, items[batch])
			}
		}
	})
	return out, err
}

// PutItem puts what it should, unless the fleet's ledger is sabotaged.
func (l *fleetLedger) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	f := l.in.fleet
	return new(dynamodb.PutItemOutput), l.call(ctx, func() {
		if f.forgets {
			return
		}
		shard, has := ledgerText(in.Item, "shard"), in.Item["has"].(*types.AttributeValueMemberM).Value
		for target, bits := range has {
			b := bits.(*types.AttributeValueMemberB).Value
			if f.lies {
				has[target] = &types.AttributeValueMemberB{Value: slices.Repeat([]byte{0xff}, len(b))}
			}
		}
		if f.items[shard] == nil {
			f.items[shard] = make(map[string]map[string]ledgerValue)
		}
		f.items[shard][ledgerText(in.Item, "batch")] = in.Item
	})
}

// DeleteItem deletes what it should.
func (l *fleetLedger) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	f := l.in.fleet
	return new(dynamodb.DeleteItemOutput), l.call(ctx, func() {
		shard := ledgerText(in.Key, "shard")
		delete(f.items[shard], ledgerText(in.Key, "batch"))
		if len(f.items[shard]) == 0 {
			delete(f.items, shard)
		}
	})
}
