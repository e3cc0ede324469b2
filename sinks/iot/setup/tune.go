package setup

const prices = `  iot: # compared with a text that quotes the list
    charges: [{ of: request, price: 1.00, unit: 5120 }]
    source: https://aws.amazon.com/iot-core/pricing/
`

const latencies = `  iot: { p50: 15ms, p99: 80ms, per_mib: 40ms }
`
