// Package setup looks at Redis servers of ElastiCache for the commands.
package setup

import (
	"fanout/sinks/account"
	"fanout/sinks/internal/elasticache"
	sink "fanout/sinks/redis"
)

// Type describes targets that are Redis servers, for the commands.
var Type = &account.Type{
	For:     sink.Type,
	What:    elasticache.What,
	IsFull:  elasticache.IsFull,
	LookUp:  elasticache.Redis,
	Inspect: elasticache.Inspect,
	Prices:  prices, Latencies: latencies,
}
