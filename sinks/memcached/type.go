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
	Form:        `^([A-Za-z0-9_.-]{1,253}|\[[0-9a-fA-F:.]+\])(:[0-9]+)?$`,
	Examples:    []string{"cache.example.com:11211"},
	Parse:       Parse,
	Open:        open,

	MaxRecordBytes: memcachedItemMost,
	Traits:         sinks.Traits{NoAWS: true, Cache: true, Prefix: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	d := &s.Destination
	return New(d.Host, cache.For(env, s, d.Discover), sinks.RecordBytes(s.MaxRecordBytes)), nil
}
