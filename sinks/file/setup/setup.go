// Package setup has what the commands know about targets that are files.
package setup

import (
	"fanout/sinks/account"
	sink "fanout/sinks/file"
)

// Type is what the commands know about targets that are files.
var Type = &account.Type{For: sink.Type, Prices: prices, Latencies: latencies}

const prices = `  file: { charges: [], source: free }
`

const latencies = `  file: { p50: 1ms, p99: 5ms, per_mib: 2ms }
`
