package setup

const prices = `  stepfunctions: # an express machine's request; a standard one costs $25 per million state transitions instead, and the work of both comes on top
    charges: [{ of: request, price: 1.00 }]
    source: https://aws.amazon.com/step-functions/pricing/
`

const latencies = `  stepfunctions: { p50: 30ms, p99: 150ms, per_mib: 60ms }
`
