package setup

const prices = `  dynamodb: # write request units of an on-demand table
    charges: [{ of: record, price: 0.625, unit: 1024 }]
    source: https://aws.amazon.com/dynamodb/pricing/on-demand/
`

const latencies = `  dynamodb: { p50: 10ms, p99: 60ms, per_mib: 30ms }
`
