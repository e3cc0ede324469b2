//go:build integration

package integration

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hostile are records that would become commands or documents if they mixed with their
// surroundings.
func hostile() []put {
	big := strings.Repeat("x", 1<<20-len("big"))
	return []put{
		{"with space", "1"},
		{"cr\r\nset injected 0 0 3\r\nbad\r\n", "2"},
		{"nul\x00key", "3"},
		{`quote"}}` + "\n" + `{"index":{"_id":"injected"}}`, `{"a":"` + `\r\n` + `"}`},
		{strings.Repeat("k", 256), `{"long":"key"}`},
		{strings.Repeat("é", 150), "300 bytes"},
		{"value", "1\r\nset injected 0 0 3\r\nbad\r\nflush_all\r\n"},
		{"resp", "*1\r\n$8\r\nFLUSHALL\r\n"},
		{"ndjson", "{\"a\":1}\n{\"index\":{\"_id\":\"injected\"}}\n{\"a\":2}\n"},
		{"lines", "{\n  \"b\": \"x y\"\n}"},
		{"not UTF-8", "\xff\xfe\x00\r\n"},
		{"empty", ""},
		{"big", big},
	}
}

func TestHostileContent(t *testing.T) {
	s := connect(t)
	redis, memcached, search := startRedis(t), startMemcached(t), openSearch(t)
	stream := arnOf("kinesis", "stream/orders")
	s.createStream(t, "hostile", 1)
	s.createQueue(t, "hostile")
	file := targetsFile(t, stream,
		target{"type": "redis", "destination": redis.addr, "id": "redis"},
		target{"type": "memcached", "destination": memcached.addr, "id": "memcached"},
		target{"type": "es", "destination": "http://" + search + "#hostile", "id": "es"},
		target{"type": "sqs", "destination": arnOf("sqs", "hostile"), "collapse": "none", "id": "sqs"},
		target{"type": "kinesis", "destination": "hostile", "id": "kinesis"},
	)
	puts := hostile()
	r, _, err := run(t, nil, "run", "--targets", file, "--event", kinesisEvent(t, stream, puts...))
	if err == nil {
		t.Error("the exit status is 0, though records failed")
	}
	rows := make(map[string]row)
	for _, row := range r.Targets {
		rows[row.Target] = row
		reasons := 0
		for _, why := range row.Reasons {
			reasons += why.Count
		}
		if row.Delivered+row.Failed != len(puts) || reasons != row.Failed {
			t.Errorf("not every record is accounted for: %+v", row)
		}
	}

	all := make(map[string]string)
	for _, p := range puts {
		all[p.key] = p.data
	}
	if diff := cmp.Diff(all, dialRedis(t, redis.addr, nil).data(t)); diff != "" {
		t.Error("redis:", diff)
	}

	// 1 MiB plus the item's header exceeds the limit of memcached.
	small := maps.Clone(all)
	delete(small, "big")
	conn := dialMemcached(t, memcached.addr)
	if diff := cmp.Diff(memcachedKeys(small), memcachedData(t, memcached.addr)); diff != "" {
		t.Error("memcached:", diff)
	}
	if sets, flushed := conn.stat(t, "cmd_set"), conn.stat(t, "cmd_flush"); sets != len(small) || flushed != 0 {
		t.Errorf("memcached got %d sets, want %d, and was flushed %d times", sets, len(small), flushed)
	}

	docs := slices.Sorted(maps.Values(documents(t, search, "hostile")))
	if diff := cmp.Diff([]string{`{"a":"\r\n"}`, `{"b":"x y"}`, `{"long":"key"}`}, docs); diff != "" {
		t.Error("es:", diff)
	}

	for name, want := range map[string]int{"redis": 13, "memcached": 12, "es": 3} {
		if rows[name].Delivered != want {
			t.Errorf("%s: %+v, want %d delivered", name, rows[name], want)
		}
	}
	values := slices.Sorted(maps.Values(all))
	for name, got := range map[string][]string{
		"sqs": s.messages(t, "hostile"), "kinesis": slices.Concat(slices.Collect(maps.Values(s.streamData(t, "hostile")))...),
	} {
		if len(got) != rows[name].Delivered {
			t.Errorf("%s has %d records, and %d count as delivered", name, len(got), rows[name].Delivered)
		}
		for _, data := range got {
			if _, known := slices.BinarySearch(values, data); !known {
				t.Errorf("%s has %.80q", name, data)
			}
		}
	}
}
