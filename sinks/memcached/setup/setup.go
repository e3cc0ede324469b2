// Package setup looks at memcached servers of ElastiCache for the commands.
package setup

import (
	"fanout/sinks/account"
	"fanout/sinks/internal/elasticache"
	sink "fanout/sinks/memcached"
)

// Type describes targets that are memcached servers, for the commands.
var Type = &account.Type{
	For:     sink.Type,
	What:    elasticache.What,
	IsFull:  elasticache.IsFull,
	LookUp:  elasticache.Memcached,
	Inspect: elasticache.Inspect,
	Prices:  prices, Latencies: latencies,
}
