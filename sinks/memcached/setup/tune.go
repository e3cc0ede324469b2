package setup

const prices = `  memcached: { charges: [], source: paid by the hour }
`

const latencies = `  memcached: { p50: 1ms, p99: 5ms, per_mib: 8ms }
`
