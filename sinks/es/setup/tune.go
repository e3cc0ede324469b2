package setup

const prices = `  es: { charges: [], source: paid by the hour }
`

const latencies = `  es: { p50: 40ms, p99: 300ms, per_mib: 60ms }
`
