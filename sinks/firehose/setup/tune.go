package setup

const prices = `  firehose: # direct PUT, first 500 TB a month; compared with the list of us-east-2
    charges: [{ of: gb, price: 0.029, unit: 5120 }]
    source: https://aws.amazon.com/firehose/pricing/
`

const latencies = `  firehose: { p50: 25ms, p99: 150ms, per_mib: 30ms }
`
