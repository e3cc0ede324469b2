package setup

const prices = `  s3: # PUT requests of the class Standard; what is stored costs more
    charges: [{ of: request, price: 5.00 }]
    source: https://aws.amazon.com/s3/pricing/
`

const latencies = `  s3: { p50: 30ms, p99: 150ms, per_mib: 25ms }
`
