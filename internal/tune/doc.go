// Package tune says how a function, its event source mapping and its targets should
// be set for a stream: it simulates settings and ranks them.
//
// What it knows, it knows from three places, and a [Report] says which is which.
//
//   - Measured: the requests that a batch becomes, their sizes, and the CPU they
//     cost. [Measure] hands batches of the sample, of many sizes, to the function's
//     own handler; its sinks make their requests as ever, and they end in a
//     transport that acknowledges them ([Services]), so nothing leaves the process.
//   - Modelled: how long services, Lambda and the polling of shards take
//     ([Latencies]), and how CPU grows with memory. They are assumptions in a file
//     that is there to be replaced.
//   - Prices ([Prices]), from a file with region, date and sources.
//
// From these come the time of one invocation (makespan.go), with the bounds on
// requests in flight that the engine has, then batches and lags of a shard
// (lane.go), and from its invocations the cost (cost.go). Everything is drawn from
// a seed: the same measurement gives the same ranking.
package tune
