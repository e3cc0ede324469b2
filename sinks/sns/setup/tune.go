package setup

const prices = `  sns: # publishes; deliveries come on top
    charges: [{ of: request, price: 0.50, unit: 65536 }]
    source: https://aws.amazon.com/sns/pricing/
  # Compared with prices of 2024. That it counts by 64 KB, as sns does, and by GB of
  # 2^30 bytes is assumed.
  sns.fifo:
    charges: [{ of: request, price: 0.30, unit: 65536 }, { of: gb, price: 0.017 }]
    source: https://aws.amazon.com/sns/pricing/
`

const latencies = `  sns: { p50: 20ms, p99: 100ms, per_mib: 25ms }
  sns.fifo: { p50: 25ms, p99: 120ms, per_mib: 25ms }
`
