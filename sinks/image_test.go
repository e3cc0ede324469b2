package sinks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/testing/memcachedfake"
	"fanout/sinks/es"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
	"fanout/sinks/memcached"
	"fanout/sinks/redis"
)

// TestNoImage asserts that a change without a new image replaces nothing, and fails alone
// with the reason.
func TestNoImage(t *testing.T) {
	change := func(seq int, action, key, data string) engine.Record {
		raw := fmt.Sprintf(`{"eventName":%q,"dynamodb":{"SequenceNumber":"%d","StreamViewType":"OLD_IMAGE","Keys":{}}}`, action, seq)
		return engine.Record{Key: key, Lane: "arn", Seq: fmt.Sprint(seq), Action: action, Data: engine.Bytes([]byte(data)), Raw: []byte(raw)}
	}
	keys := change(3, "MODIFY", "a", `{"id":"a"}`)
	keys.Data.StandIn()
	keys = sinktest.WithSource(keys, engine.Bytes([]byte("{\"id\":\"a\"}\n"))) // as a stage leaves it
	recs := []engine.Record{
		change(1, "INSERT", "a", `{"id":"a","v":1}`), change(2, "INSERT", "b", `{"id":"b"}`), keys,
		change(4, "INSERT", "c", `{"id":"c"}`), change(5, "REMOVE", "b", `{"id":"b"}`),
	}
	fake, cfg := sinktest.Start(t)
	redisServer := miniredis.RunT(t)
	memcachedServer, err := memcachedfake.Start(memcachedfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(memcachedServer.Close)
	toRedis, err := redis.New("redis://"+redisServer.Addr(), cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer toRedis.Close()
	toMemcached := memcached.New(memcachedServer.Address(), cache.Options{})
	defer toMemcached.Close()
	for _, c := range []struct {
		sink engine.Sink
		has  func(key string) string // the stored value of a key
	}{
		{toRedis, func(key string) string {
			v, _ := redisServer.Get(key)
			return v
		}},
		{toMemcached, func(key string) string { return string(memcachedServer.Items()[key].Data) }},
		{index(t, cfg), func(key string) (v string) {
			for _, r := range fake.Records("es/orders") {
				if r.ID == key {
					v = string(r.Data)
				}
			}
			return v
		}},
	} {
		t.Run(fmt.Sprint(c.sink), func(t *testing.T) {
			plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: c.sink, Ordered: true})
			if err != nil {
				t.Fatal(err)
			}
			report := plan.Run(t.Context(), append([]engine.Record(nil), recs...)).Targets[0]
			for i := range recs {
				want := engine.FateDelivered
				if i == 2 {
					want = engine.FateFailed
				}
				if got := report.Fate(i); got != want {
					t.Errorf("record %d has fate %v; want %v", i, got, want)
				}
			}
			const want = "the stream's view OLD_IMAGE has no new image of the item, and its keys must not replace the stored item; " +
				"give the table a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES"
			if f := report.Failures; len(f) != 1 || !strings.HasSuffix(f[0].Err.Error(), want) || engine.ClassOf(f[0].Err) == engine.Retryable {
				t.Errorf("failures %v; want %q", f, want)
			}
			for key, want := range map[string]string{"a": `{"id":"a","v":1}`, "b": "", "c": `{"id":"c"}`} {
				if got := c.has(key); got != want {
					t.Errorf("under %s there is %q; want %q", key, got, want)
				}
			}
		})
	}
}

// index returns a sink for the index orders of a fake.
func index(t *testing.T, cfg aws.Config) engine.Sink {
	t.Helper()
	e, err := es.New(cfg.HTTPClient, es.Index{URL: *cfg.BaseEndpoint, Index: "orders", Signing: "es", Region: cfg.Region, Credentials: cfg.Credentials})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
