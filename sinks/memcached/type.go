package memcached

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
)

// Type is the type of targets that are memcached servers.
var Type = &sinks.Type{
	Name:        "memcached",
	Synonyms:    []string{"memcache"},
	Destination: "host:port",
	Parse:       Parse,
	Open:        open,

	MaxRecordBytes: memcachedItemMost,
	Traits:         sinks.Traits{NoAWS: true, Cache: true, Prefix: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	d := &s.Destination
	return New(d.Host, cache.For(env, s, d.Discover), sinks.RecordBytes(s.MaxRecordBytes)), nil
}
