package kinesis

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/awslabs/kinesis-aggregation/go/v2/deaggregator"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

const orders = "kinesis/orders"

func aggregator(cfg aws.Config, ordered bool, opts ...sinks.Option) *Aggregator {
	return NewAggregator(New(cfg, sinktest.Stream, opts...), ordered)
}

// user is a user record at its destination.
type user struct{ key, hashKey, data, shard string }

// read returns the user records of rec, as awslabs/kinesis-aggregation reads them.
func read(t testing.TB, rec awsfake.Record) []user {
	t.Helper()
	list, err := deaggregator.DeaggregateRecords([]types.Record{{Data: rec.Data, PartitionKey: &rec.PartitionKey}})
	if err != nil {
		t.Fatal(err)
	}
	var users []user
	for _, r := range list {
		users = append(users, user{aws.ToString(r.PartitionKey), "", string(r.Data), rec.Shard})
	}
	return users
}

// consume returns the user records that a consumer gets if it ignores those that do not belong
// to the shard it reads, as the Kinesis Client Library does.
func consume(t testing.TB, fake *awsfake.Server) (users []user) {
	t.Helper()
	for _, rec := range fake.Records(orders) {
		for _, u := range read(t, rec) {
			if strings.HasPrefix(string(rec.Data), magic) && !fake.Takes(orders, u.shard, awsfake.HashKey(u.key, hashIn(u.data))) {
				continue
			}
			users = append(users, u)
		}
	}
	return users
}

// hashIn returns the explicit hash key that the data of a test record names.
func hashIn(data string) string {
	_, hash, _ := strings.Cut(data, " hash ")
	hash, _, _ = strings.Cut(hash, " ")
	return hash
}

func TestAggregatorConforms(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
			fake, cfg := sinktest.Start(t)
			fake.SetShards(orders, 0, 1)
			return enginetest.SinkHarness{
				Sink:   aggregator(cfg, ordered),
				Record: sinktest.Awkward,
				Accepted: func() (all [][]byte) {
					for _, rec := range fake.Records(orders) {
						for _, u := range read(t, rec) {
							all = append(all, []byte(u.data))
						}
					}
					return all
				},
				Break: func() {
					fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
						if c.Operation == "PutRecords" {
							return &awsfake.Fault{Code: "InternalFailure", Status: 500}
						}
						return nil
					})
				},
			}
		})
	}
}

// draw returns records of all kinds. The data has the key's count, so that order shows.
func draw(r *rand.Rand, n int) []engine.Record {
	keys, hashes := 1+r.IntN(20), r.IntN(3)
	recs := make([]engine.Record, n)
	for i := range recs {
		rec := engine.Record{Key: fmt.Sprint("key ", r.IntN(keys)), Lane: "shard", Seq: fmt.Sprint(10_000 + i)}
		switch r.IntN(60) {
		case 0:
			rec.Key = strings.Repeat(rec.Key, 60)
		case 1:
			rec.Key = ""
		}
		text := fmt.Sprintf("%d %s ", 10_000+i, strings.Repeat("x", r.IntN(300)))
		if hashes > 0 && r.IntN(4) == 0 {
			rec.HashKey = hashKey{r.Uint64N(4) << 62, uint64(r.IntN(2))}.String()
			text += "hash " + rec.HashKey + " "
		}
		rec.Data = engine.Bytes([]byte(text))
		if r.IntN(2) == 0 {
			rec.Data = engine.Base64([]byte(base64.StdEncoding.EncodeToString([]byte(text))))
		}
		recs[i] = rec
	}
	return recs
}

// Random records come back as they were, at any number of shards that changes at any time, and
// with any faults: every record, in order by key, and each on a shard where its consumer
// keeps it.
func TestAggregatesComeBack(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 14))
			fake, cfg := sinktest.Start(t)
			fake.SetShards(orders, 0, 1+r.IntN(6))
			fake.SetLimit(orders, 4096)
			limit := sinks.RecordBytes(4096)
			ordered, generation := r.IntN(3) > 0, 0
			fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
				if c.Operation == "ListShards" {
					if r.IntN(8) == 0 {
						return &awsfake.Fault{Code: "LimitExceededException"}
					}
					return nil
				}
				if r.IntN(3) == 0 {
					generation += 10
					fake.SetShards(orders, generation, 1+r.IntN(6))
				}
				if r.IntN(3) == 0 && c.Records > 0 {
					return &awsfake.Fault{Refuse: map[int]string{r.IntN(c.Records): "ProvisionedThroughputExceededException"}}
				}
				return nil
			})
			recs := draw(r, 300)
			plan, err := engine.NewPlan(engine.Options{}, engine.Target{
				ID: "t", Sink: small{aggregator(cfg, ordered, limit)}, Ordered: ordered, InFlight: 1, Retry: engine.Retry{Base: 1, Max: 1, Attempts: 50},
			})
			if err != nil {
				t.Fatal(err)
			}
			if report := plan.Run(t.Context(), slices.Clone(recs)); !report.OK() {
				t.Fatalf("%+v", report.Targets[0].Failures)
			}
			checkArrived(t, recs, consume(t, fake), ordered)
		})
	}
}

// small is an Aggregator whose requests are small.
type small struct{ *Aggregator }

func (s small) Limits() engine.Limits {
	l := s.Aggregator.Limits()
	l.Bytes = 20_000
	return l
}

// checkArrived checks that every record came, with its key, and in order if ordered.
func checkArrived(t *testing.T, recs []engine.Record, got []user, ordered bool) {
	t.Helper()
	want := make(map[string]string)
	for i := range recs {
		want[string(recs[i].Data.Bytes())] = partitionKey(&recs[i])
	}
	latest, seen := make(map[string]string), make(map[string]bool)
	for _, u := range got {
		line := u.key + "/" + hashIn(u.data) // a consumer of a shard sees no order among several hash keys
		if key, ok := want[u.data]; !ok || key != u.key {
			t.Errorf("got %.40q with the key %q; want %q", u.data, u.key, key)
		}
		if ordered && !seen[u.data] && u.data[:5] < latest[line] {
			t.Errorf("record %s of %s came after %s", u.data[:5], u.key, latest[line])
		}
		seen[u.data], latest[line] = true, max(latest[line], u.data[:5])
	}
	for data := range want {
		if !seen[data] {
			t.Errorf("record %s of %s did not come", data[:5], want[data])
		}
	}
}

// ask makes one request with the records that fit, and returns them and their outcome.
func ask(t *testing.T, a *Aggregator, recs []engine.Record) (n int, o engine.Outcome) {
	t.Helper()
	p := a.Pack(t.Context())
	for n < len(recs) && p.Add(&recs[n]) {
		n++
	}
	return n, p.Send(t.Context())
}

func sized(key string, size int) engine.Record {
	return engine.Record{Key: key, Data: engine.Bytes([]byte(strings.Repeat(key[:1], size)))}
}

// describe returns the entries that the stream took: the number of records of each, and its keys.
func describe(t *testing.T, fake *awsfake.Server) (entries []string) {
	t.Helper()
	for _, rec := range fake.Records(orders) {
		text := ""
		for _, u := range read(t, rec) {
			text += u.key
		}
		if strings.HasPrefix(string(rec.Data), magic) {
			text = "(" + text + ")"
		}
		entries = append(entries, text)
	}
	return entries
}

func TestPacking(t *testing.T) {
	one := func(key string) engine.Record { return sized(key, 10) }
	hashed := func(key, hash string) engine.Record { r := one(key); r.HashKey = hash; return r }
	aggregate := engine.Record{Key: "a", Data: engine.Bytes([]byte(magic + strings.Repeat("x", 40)))}
	last := lastHashKey.String()
	for _, tt := range []struct {
		name    string
		shards  int
		ordered bool
		recs    []engine.Record
		n       int
		want    []string
	}{
		{"one record is plain", 1, true, []engine.Record{one("a")}, 1, []string{"a"}},
		{"one shard", 1, true, []engine.Record{one("a"), one("b"), one("a")}, 3, []string{"(aba)"}},
		{"two shards", 2, true, []engine.Record{one("a"), one("b"), one("c"), one("a"), one("b")}, 5, []string{"(aca)", "(bb)"}},
		{"full", 1, false, []engine.Record{sized("a", 500), sized("b", 400), sized("a", 400)}, 3, []string{"(ab)", "a"}},
		{"full, in order", 1, true, []engine.Record{sized("a", 500), sized("b", 400), sized("a", 400), one("c")}, 4, []string{"(aa)", "(bc)"}},
		{"full, in order, other keys", 1, true, []engine.Record{sized("a", 500), sized("b", 400), sized("c", 400), one("c"), one("a")}, 5, []string{"(aba)", "(cc)"}},
		{"full twice, in order", 1, true, []engine.Record{sized("a", 300), sized("b", 300), sized("c", 300), sized("b", 300), sized("c", 300), sized("a", 300)}, 6, []string{"(aa)", "(bb)", "(cc)"}},
		{"full of one key", 1, true, []engine.Record{sized("a", 500), sized("a", 400), sized("a", 400)}, 2, []string{"(aa)"}},
		{"full, in order, and a key that no entry has room for", 1, true, []engine.Record{sized("a", 700), one("b"), sized("a", 400), one("b")}, 2, []string{"(ab)"}},
		{"full, in order, without keys", 1, true, []engine.Record{{Seq: "1", Data: sized("x", 200).Data}, sized("a", 600), {Seq: "2", Data: sized("y", 300).Data}, one("a")}, 4, []string{"(12)", "(aa)"}},
		{"too large to join", 1, false, []engine.Record{one("b"), sized("a", 1023), one("c")}, 3, []string{"(bc)", "a"}},
		{"too large to join, in order", 1, true, []engine.Record{sized("a", 1023), one("b"), one("a")}, 2, []string{"a", "b"}},
		{"an aggregate", 1, false, []engine.Record{one("b"), aggregate, one("c")}, 3, []string{"(bc)", "(a)"}},
		{"hash keys", 2, true, []engine.Record{hashed("a", "0"), hashed("b", last), hashed("c", "0"), one("d"), hashed("d", last)}, 5, []string{"(ac)", "(bdd)"}},
		{"a key on two shards", 2, false, []engine.Record{hashed("a", "0"), hashed("a", last), hashed("a", "0")}, 3, []string{"(aa)", "a"}},
		{"a key on two shards, in order", 2, true, []engine.Record{hashed("a", "0"), hashed("a", last)}, 1, []string{"a"}},
		{"no number as hash key", 2, true, []engine.Record{one("b"), hashed("a", "x"), one("b")}, 3, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			fake.SetShards(orders, 0, tt.shards)
			n, o := ask(t, aggregator(cfg, tt.ordered, sinks.RecordBytes(1024)), tt.recs)
			if n != tt.n || tt.want != nil && !o.OK() {
				t.Fatalf("%d records fit; want %d: %v", n, tt.n, o.Err(0))
			}
			if got := describe(t, fake); !slices.Equal(got, tt.want) {
				t.Errorf("entries %q; want %q", got, tt.want)
			}
		})
	}
}

// Without the right to list shards, the records of an aggregate have one key.
func TestAggregatesByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		a := &Aggregator{Sink: &Sink{name: "kinesis orders", limits: engine.Limits{RecordBytes: 1 << 20}}, ordered: true}
		a.router.list = func(context.Context) ([]shardRange, error) {
			calls++
			return nil, errors.New("no")
		}
		p, _ := a.Pack(t.Context()).(*packing)
		for _, key := range []string{"a", "b", "a", "b", "c"} {
			r := sized(key, 5)
			if !p.Add(&r) {
				t.Fatalf("%s does not fit", key)
			}
		}
		var counts []string
		for _, e := range p.entries {
			counts = append(counts, fmt.Sprint(e.partition, e.count))
		}
		if want := []string{"a2", "b2", "c1"}; !slices.Equal(counts, want) {
			t.Errorf("entries %v; want %v", counts, want)
		}
		a.Pack(t.Context())
		time.Sleep(lookAgain)
		a.Pack(t.Context())
		if calls != 2 {
			t.Errorf("%d look-ups; want 2", calls)
		}
	})
}

// A stream that does not follow hash keys gets each record alone.
func TestScatteringStream(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.SetShards(orders, 0, 4)
	fake.Scatter(orders)
	a := aggregator(cfg, true)
	recs := sinktest.Numbered(40)
	for calls := 0; len(recs) > 0; calls++ {
		if calls == 10 {
			t.Fatalf("%d records are left after %d requests", len(recs), calls)
		}
		n, o := ask(t, a, recs)
		var left []engine.Record
		for i := range recs {
			if i >= n || o.Err(i) != nil {
				left = append(left, recs[i])
			}
		}
		recs = left
	}
	seen := map[string]bool{}
	for _, u := range consume(t, fake) {
		seen[u.key] = true
	}
	if len(seen) != 40 {
		t.Errorf("a consumer got %d of 40 records", len(seen))
	}
}
