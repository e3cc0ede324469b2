package setup

const prices = `  kinesis: # PUT payload units of a provisioned stream
    charges: [{ of: record, price: 0.014, unit: 25600 }]
    source: https://aws.amazon.com/kinesis/data-streams/pricing/
`

const latencies = `  kinesis: { p50: 12ms, p99: 80ms, per_mib: 25ms }
`
