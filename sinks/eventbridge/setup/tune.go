package setup

const prices = `  eventbridge: # custom events in the region of the bus; what rules deliver elsewhere comes on top
    charges: [{ of: record, price: 1.00, unit: 65536 }]
    source: https://aws.amazon.com/eventbridge/pricing/
`

const latencies = `  eventbridge: { p50: 20ms, p99: 120ms, per_mib: 30ms }
`
