package redis

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
)

// Type is the type of targets that are Redis servers or clusters.
var Type = &sinks.Type{
	Name:        "redis",
	Synonyms:    []string{"valkey", "elasticache"},
	Destination: "host:port, redis:// or rediss:// URL",
	Form:        `^(rediss?://.+|([A-Za-z0-9_.-]{1,253}|\[[0-9a-fA-F:.]+\])(:[0-9]+)?(/.*)?)$`,
	Examples:    []string{"rediss://cache.example.com:6379", "cache.example.com:6379"},
	Parse:       Parse,
	Open:        open,

	MaxRecordBytes: maxValue,
	Traits:         sinks.Traits{NoAWS: true, Cache: true, Prefix: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	d := &s.Destination
	return New(d.URL(), cache.For(env, s, d.Cluster), sinks.RecordBytes(s.MaxRecordBytes))
}
