package ledgermodel

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/testing/modelkit"
	"fanout/lambda/dedup/ledger"
)

// table is the ledger table as a process sees it. If the world's ledger fails, calls fail, hang, or
// have no effect or no answer.
type table struct{ process *process }

// item is an item of the table.
type item = map[string]types.AttributeValue

var errLedger = errors.New("the ledger fails")

// call makes a call that has an effect.
func (t *table) call(ctx context.Context, effect func()) error {
	w := t.process.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.process.crashed {
		return errCrash
	}
	if w.ledgerFails {
		f := w.draw.IntN(16)
		if f < 4 {
			w.Count("faults of the ledger", 1)
		}
		switch f {
		case 0:
			return errLedger
		case 1:
			w.mu.Unlock()
			<-ctx.Done()
			w.mu.Lock()
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

func text(i item, name string) string {
	return i[name].(*types.AttributeValueMemberS).Value
}

// Query returns all matching items as one page.
func (t *table) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	w, out := t.process.world, new(dynamodb.QueryOutput)
	shard, from := text(in.ExpressionAttributeValues, ":shard"), text(in.ExpressionAttributeValues, ":from")
	err := t.call(ctx, func() {
		w.intrude(shard, from)
		for _, batch := range slices.Sorted(maps.Keys(w.table[shard])) {
			if batch >= from {
				out.Items = append(out.Items, w.table[shard][batch])
			}
		}
	})
	return out, err
}

// PutItem stores the item.
func (t *table) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	w := t.process.world
	return new(dynamodb.PutItemOutput), t.call(ctx, func() {
		switch {
		case w.Forget:
		case w.Lie:
			w.put(lie(ctx, in.Item))
		default:
			w.put(in.Item)
		}
	})
}

// DeleteItem deletes the item.
func (t *table) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	w := t.process.world
	return new(dynamodb.DeleteItemOutput), t.call(ctx, func() {
		if w.Keep {
			return
		}
		shard := text(in.Key, "shard")
		delete(w.table[shard], text(in.Key, "batch"))
		if len(w.table[shard]) == 0 {
			delete(w.table, shard)
		}
	})
}

func (w *world) put(i item) {
	shard := text(i, "shard")
	if w.table[shard] == nil {
		w.table[shard] = make(map[string]item)
	}
	w.table[shard][text(i, "batch")] = i
}

// intrude adds or changes an item of a shard, as an intruder with write access to the table can.
func (w *world) intrude(shard, from string) {
	if !w.intruder || !w.draw.OneIn(3) || len(w.table) == 0 {
		return
	}
	w.Count("entries by an intruder", 1)
	others := w.table[modelkit.Pick(w.draw, slices.Sorted(maps.Keys(w.table))...)]
	i := maps.Clone(others[modelkit.Pick(w.draw, slices.Sorted(maps.Keys(others))...)])
	i["shard"] = &types.AttributeValueMemberS{Value: shard}
	switch w.draw.IntN(5) {
	case 0:
		i["batch"] = &types.AttributeValueMemberS{Value: from}
	case 1:
		has := maps.Clone(i["has"].(*types.AttributeValueMemberM).Value)
		for target := range has {
			has[target] = &types.AttributeValueMemberB{Value: []byte{0xff, 0xff, 0xff}}
		}
		i["has"] = &types.AttributeValueMemberM{Value: has}
	case 2:
		i["written"] = &types.AttributeValueMemberN{Value: "9000000000000000000"}
	case 3:
		i["records"] = &types.AttributeValueMemberB{Value: []byte("no names")}
	case 4: // a copy of another shard's
	}
	w.put(i)
}

// lie returns an item in which every target has all named records.
func lie(ctx context.Context, i item) item {
	one := &oneItem{item: i}
	t := ledger.Table{Client: one, Name: "ledger"}
	entries, err := t.Read(ctx, text(i, "shard"), "1")
	if err != nil {
		panic(err)
	}
	for target, bits := range entries[0].Has {
		entries[0].Has[target] = slices.Repeat([]byte{0xff}, max(len(bits), (len(entries[0].Names)+7)/8))
	}
	if err := t.Write(ctx, text(i, "shard"), entries[0]); err != nil {
		panic(err)
	}
	return one.item
}

// oneItem is a table of one item.
type oneItem struct {
	ledger.API
	item item
}

func (o *oneItem) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{Items: []item{o.item}}, nil
}

func (o *oneItem) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	o.item = in.Item
	return nil, nil
}
