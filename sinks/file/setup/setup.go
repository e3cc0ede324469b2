// Package setup describes targets that are files, for the commands.
package setup

import (
	"fanout/sinks/account"
	sink "fanout/sinks/file"
)

// Type describes targets that are files, for the commands.
var Type = &account.Type{For: sink.Type, Prices: prices, Latencies: latencies}

const prices = `  file: { charges: [], source: free }
`

const latencies = `  file: { p50: 1ms, p99: 5ms, per_mib: 2ms }
`
