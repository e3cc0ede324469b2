package lambda

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/lambda/dedup/ledger"
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

// Query returns all matching items as one page.
func (l *fleetLedger) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := new(dynamodb.QueryOutput)
	err := l.call(ctx, func() {
		l.in.fleet.poisonItem(ledgerText(in.ExpressionAttributeValues, ":shard"), ledgerText(in.ExpressionAttributeValues, ":from"))
		items := l.in.fleet.items[ledgerText(in.ExpressionAttributeValues, ":shard")]
		for _, batch := range slices.Sorted(maps.Keys(items)) {
			if batch >= ledgerText(in.ExpressionAttributeValues, ":from") {
				out.Items = append(out.Items, items[batch])
			}
		}
	})
	return out, err
}

// PutItem stores the item, unless the fleet's ledger is sabotaged.
func (l *fleetLedger) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	f := l.in.fleet
	return new(dynamodb.PutItemOutput), l.call(ctx, func() {
		switch {
		case f.forgets:
		case f.lies:
			f.put(lie(ctx, in.Item))
		default:
			f.put(in.Item)
		}
	})
}

func (f *fleet) put(item map[string]ledgerValue) {
	shard := ledgerText(item, "shard")
	if f.items[shard] == nil {
		f.items[shard] = make(map[string]map[string]ledgerValue)
	}
	f.items[shard][ledgerText(item, "batch")] = item
}

// lie returns an item in which every target has all named records.
func lie(ctx context.Context, item map[string]ledgerValue) map[string]ledgerValue {
	one := &oneItem{item: item}
	table := ledger.Table{Client: one, Name: "ledger"}
	entries, err := table.Read(ctx, ledgerText(item, "shard"), "1")
	if err != nil {
		panic(err)
	}
	for target, bits := range entries[0].Has {
		entries[0].Has[target] = slices.Repeat([]byte{0xff}, max(len(bits), (len(entries[0].Names)+7)/8))
	}
	if err := table.Write(ctx, ledgerText(item, "shard"), entries[0]); err != nil {
		panic(err)
	}
	return one.item
}

// oneItem is a table of one item.
type oneItem struct {
	ledger.API
	item map[string]ledgerValue
}

func (o *oneItem) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{Items: []map[string]ledgerValue{o.item}}, nil
}

func (o *oneItem) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	o.item = in.Item
	return nil, nil
}

// poisonItem adds or changes an item of a shard, like an intruder with write access to the
// table.
func (f *fleet) poisonItem(shard, from string) {
	if !f.poison || f.rnd.IntN(3) > 0 {
		return
	}
	shards := slices.Sorted(maps.Keys(f.items))
	if len(shards) == 0 {
		return
	}
	others := f.items[shards[f.rnd.IntN(len(shards))]]
	batches := slices.Sorted(maps.Keys(others))
	item := maps.Clone(others[batches[f.rnd.IntN(len(batches))]])
	item["shard"] = &types.AttributeValueMemberS{Value: shard}
	switch f.rnd.IntN(5) {
	case 0:
		item["batch"] = &types.AttributeValueMemberS{Value: from}
	case 1:
		has := maps.Clone(item["has"].(*types.AttributeValueMemberM).Value)
		for target := range has {
			has[target] = &types.AttributeValueMemberB{Value: []byte{0xff, 0xff, 0xff}}
		}
		item["has"] = &types.AttributeValueMemberM{Value: has}
	case 2:
		item["written"] = &types.AttributeValueMemberN{Value: "9000000000000000000"}
	case 3:
		item["records"] = &types.AttributeValueMemberB{Value: []byte("no names")}
	case 4: // a copy of another shard's
	}
	f.put(item)
}

// DeleteItem deletes the item.
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
