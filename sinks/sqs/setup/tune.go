package setup

const prices = `  sqs:
    charges: [{ of: request, price: 0.40, unit: 65536 }]
    source: https://aws.amazon.com/sqs/pricing/
  sqs.fifo:
    charges: [{ of: request, price: 0.50, unit: 65536 }]
    source: https://aws.amazon.com/sqs/pricing/
`

const latencies = `  sqs: { p50: 12ms, p99: 60ms, per_mib: 20ms }
  sqs.fifo: { p50: 20ms, p99: 90ms, per_mib: 20ms }
`
