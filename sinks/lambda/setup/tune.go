package setup

const prices = `  lambda: # invocations; what the other function's work costs comes on top
    charges: [{ of: request, price: 0.20 }]
    source: https://aws.amazon.com/lambda/pricing/
`

const latencies = `  lambda: { p50: 20ms, p99: 100ms, per_mib: 30ms }
`
