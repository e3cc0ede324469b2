package kinesis

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"fanout/internal/awscall"
)

// router knows the shards of a stream. It looks them up when they are needed first, and when
// an answer of PutRecords shows that they have changed.
type router struct {
	list func(ctx context.Context) ([]shardRange, error)

	mu     sync.Mutex
	shards *shardMap // nil: unknown
	next   time.Time // no look-up before then
	single bool      // the stream does not follow hash keys
}

const (
	lookTime    = 2 * time.Second
	lookAgain   = time.Minute // after a look-up that failed
	lookLag     = time.Second // after one that did not know a shard yet
	maxListings = 100         // pages of a listing
)

// route returns the shards, or nil if they are unknown. single reports that each record must
// go alone, because the stream does not follow hash keys.
func (r *router) route(ctx context.Context) (shards *shardMap, single bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shards == nil && !r.single && !time.Now().Before(r.next) {
		r.look(ctx)
	}
	return r.shards, r.single
}

// renew returns the shards after the stream put a record on the shard called id, although
// old says another. It returns nil if they are unknown.
func (r *router) renew(ctx context.Context, old *shardMap, id string) *shardMap {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shards == old || r.shards.index(id) < 0 {
		r.look(ctx)
	}
	switch {
	case r.shards == nil:
	case r.shards.index(id) < 0: // the list lags behind
		r.shards, r.next = nil, time.Now().Add(lookLag)
	case slices.Equal(r.shards.shards, old.shards):
		r.single = true
	}
	return r.shards
}

// look looks the shards up.
func (r *router) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	r.shards = nil
	list, err := r.list(within)
	if err == nil {
		r.shards = newShardMap(list)
	}
	if r.shards == nil && ctx.Err() == nil {
		r.next = time.Now().Add(lookAgain)
	}
}

var errEndless = errors.New("the list of shards does not end")

// listShards lists the open shards of the stream.
func (k *Sink) listShards(ctx context.Context) (all []shardRange, err error) {
	in := `{"ShardFilter":{"Type":"AT_LATEST"},` + k.stream + `}`
	for range maxListings {
		var page struct {
			Shards    []shardRange
			NextToken string
		}
		err := k.client.Do(ctx, &awscall.Request{
			Operation: "ListShards", Header: awscall.JSONHeader("1.1", api+".ListShards"), Body: awscall.Text(in),
			MaxBytes: listBytes,
		}, awscall.JSON(&page, listBytes/listValueBytes))
		if err != nil {
			return nil, err
		}
		all = append(all, page.Shards...)
		if page.NextToken == "" {
			return all, nil
		}
		in = `{"NextToken":` + quoted(page.NextToken) + `}`
	}
	return nil, errEndless
}

// A page of ListShards has up to 1,000 shards, of a few hundred bytes each.
const (
	listBytes      = 2 << 20
	listValueBytes = 64
)
