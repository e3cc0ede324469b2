package setup

// A request that leaves AWS costs transfer, and in a VPC a NAT gateway, which the server's
// address alone does not show.
const prices = `  http: { charges: [], source: paid as its operator asks }
`

const latencies = `  http: { p50: 60ms, p99: 500ms, per_mib: 100ms }
`
