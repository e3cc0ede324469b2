// Package dynamodb keeps the items of DynamoDB tables in step with a source.
package dynamodb

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/sourcegraph/conc"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/image"
	"fanout/sinks/internal/request"
)

// Attributes that the sink adds to items.
const (
	// OrderAttribute holds the position of an item's last change.
	OrderAttribute = "fanout:seq"
	// DeletedAttribute is true in tombstones.
	DeletedAttribute = "fanout:deleted"
	// ExpiresAttribute is the default name of the attribute that makes tombstones expire.
	ExpiresAttribute = "fanout:expires"
)

const (
	// maxRecords is the number of records that a Send takes, with a call for each.
	maxRecords = 32
	// maxCalls bounds the calls of a sink at the same time. The function keeps as many
	// connections to a host (lambda/transport.go).
	maxCalls = 32
)

// keep is how long a tombstone stays at least. Records come later than their successors from
// a queue for failures, which keeps them for 14 days at most (SQS API, MessageRetentionPeriod).
const keep = 30 * 24 * time.Hour

// Table is the destination of a sink.
type Table struct {
	Name  string // or ARN
	Plain bool   // the data of records is plain JSON; otherwise it is DynamoDB JSON

	// Tombstone is the attribute with the time at which DynamoDB may remove a tombstone, in
	// Unix seconds. "": a removed item leaves no tombstone.
	Tombstone string
}

// Sink puts the data of records into a DynamoDB table as items, each with PutItem.
//
// A record removes its item if its action is REMOVE. It puts a tombstone in the item's place,
// with the item's keys alone, or without Table.Tombstone deletes the item with DeleteItem.
//
// Each write has the condition that the table has no later change of the item. A write that
// fails on its condition is delivered. So records may come again, late, or several times at
// once, and the table keeps the last image of each item. For that, an item has the
// attribute fanout:seq. Records without a sequence number, such as notifications, are put
// without a condition.
type Sink struct {
	client *awscall.Client
	table  Table
	order  ordering
	name   string
	calls  chan struct{} // a place for each call in flight
}

// service is DynamoDB.
var service = awscall.Service{ID: "DynamoDB", Name: "dynamodb", GovFIPS: true}

// New returns a sink for a table. [sinks.Source] sets the source: sequence numbers of
// different sources are not compared.
func New(cfg aws.Config, table Table, opts ...sinks.Option) *Sink {
	return &Sink{
		client: awscall.New(cfg, service, ""), table: table, order: newOrdering(sinks.Collect(opts).SourceARN),
		name: "dynamodb " + awsname.Last(table.Name, "/"), calls: make(chan struct{}, maxCalls),
	}
}

// String returns "dynamodb", a space and the table's name.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of a Send. DynamoDB itself says if an item has over 400 KB: it
// counts what it stores, not the JSON.
func (*Sink) Limits() engine.Limits { return engine.Limits{Records: maxRecords, OnePerKey: true} }

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send makes a call for each record. Calls for different keys are made at the same time, and
// those for one key one after another.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	errs := make([]error, len(batch))
	var lines conc.WaitGroup
	for _, line := range byKey(batch) {
		lines.Go(func() {
			for k, i := range line {
				if k > 0 && errs[line[k-1]] != nil {
					errs[i] = errs[line[k-1]] // a later change must not overtake an earlier one
				} else {
					errs[i] = s.write(ctx, &batch[i])
				}
			}
		})
	}
	lines.Wait()
	var o engine.Outcome
	for i, err := range errs {
		if err != nil {
			o.Fail(i, err)
		}
	}
	return o
}

// byKey returns the indexes of the records of each key, in order.
func byKey(batch []engine.Record) (lines [][]int) {
	of := make(map[string]int, len(batch))
	for i := range batch {
		k, known := of[batch[i].Key]
		if !known {
			k = len(lines)
			of[batch[i].Key], lines = k, append(lines, nil)
		}
		lines[k] = append(lines[k], i)
	}
	return lines
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(_ context.Context, r *engine.Record) (sinks.Entry, error) {
	item, err := s.item(r)
	if err != nil || !s.table.Plain {
		return sinks.Entry{}, err
	}
	return sinks.Entry{Data: append(append([]byte("{"), item...), '}')}, nil
}

// item returns the attributes of the item that r puts, or the keys of the one that it removes.
func (s *Sink) item(r *engine.Record) (members []byte, err error) {
	if r.Data.IsStandIn() {
		return nil, engine.Errorf(engine.Permanent, "%s: %s", s.name, image.Missing(r))
	}
	text, fault := r.Data.Bytes(), ""
	if s.table.Plain {
		text, fault = typed(text)
	}
	if fault == "" {
		members, fault = membersOf(text)
	}
	if fault != "" {
		return nil, engine.Errorf(engine.Permanent, "%s: %s", s.name, fault)
	}
	return members, nil
}

// write makes the call for one record.
func (s *Sink) write(ctx context.Context, r *engine.Record) error {
	item, err := s.item(r)
	if err != nil {
		return err
	}
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	case <-ctx.Done():
		return engine.Errorf(engine.Retryable, "%s: the attempt was over before the record was sent", s.name)
	}
	at := s.order.of(r)
	if removes(r) && s.table.Tombstone == "" {
		return s.remove(ctx, item, at)
	}
	return s.put(ctx, item, at, removes(r))
}

// removes reports whether r removes its item.
func removes(r *engine.Record) bool { return r.Action == "REMOVE" }

// api is the version of the API.
const api = "DynamoDB_20120810"

var (
	putItem    = request.Form{Operation: "PutItem", Header: awscall.JSONHeader("1.0", api+".PutItem"), Settle: settle}
	deleteItem = request.Form{Operation: "DeleteItem", Header: awscall.JSONHeader("1.0", api+".DeleteItem"), Settle: settle}
)

// put puts an item, or a tombstone with its keys.
func (s *Sink) put(ctx context.Context, item []byte, at position, tombstone bool) error {
	call := request.NewCall(s.name, &putItem, 1, textBytes)
	b := call.Body
	b.Text(`{"Item":{`)
	b.Add(item)
	more := len(item) > 0
	if at.text != "" {
		attribute(b, &more, OrderAttribute, `{"S":"`+at.text+`"}`)
	}
	if tombstone {
		attribute(b, &more, DeletedAttribute, `{"BOOL":true}`)
		attribute(b, &more, s.table.Tombstone, `{"N":"`+strconv.FormatInt(time.Now().Add(keep).Unix(), 10)+`"}`)
	}
	s.end(b, at)
	return call.Put(ctx, s.client, readAnswer)
}

// attribute appends an attribute of an item.
func attribute(b *request.Body, more *bool, name, value string) {
	if *more {
		b.Text(",")
	}
	*more = true
	b.Quote(name)
	b.Text(":")
	b.Text(value)
}

// remove deletes the item with these keys.
func (s *Sink) remove(ctx context.Context, keys []byte, at position) error {
	call := request.NewCall(s.name, &deleteItem, 1, textBytes)
	call.Body.Text(`{"Key":{`)
	call.Body.Add(keys)
	s.end(call.Body, at)
	return call.Put(ctx, s.client, readAnswer)
}

// textBytes is about the length of a request without its item.
const textBytes = 512

// end appends the rest of a request behind the last attribute: the table and the condition. The
// condition holds if the item is absent, has no position, an earlier or the same one, or one of
// another source. With the same one, a replay repairs an item.
func (s *Sink) end(b *request.Body, at position) {
	b.Text(`},"TableName":`)
	b.Quote(s.table.Name)
	if at.text != "" {
		b.Text(`,"ConditionExpression":"attribute_not_exists(#seq) OR #seq <= :seq OR NOT begins_with(#seq, :scope)"`)
		b.Text(`,"ExpressionAttributeNames":{"#seq":"` + OrderAttribute + `"},"ExpressionAttributeValues":{":seq":{"S":"`)
		b.Text(at.text)
		b.Text(`"},":scope":{"S":"`)
		b.Text(at.scope)
		b.Text(`"}}`)
	}
	b.Text(`}`)
}
