package setup

const prices = `  redis: { charges: [], source: paid by the hour }
`

const latencies = `  redis: { p50: 1ms, p99: 5ms, per_mib: 8ms }
`
