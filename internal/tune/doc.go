// Package tune recommends settings of a function, its event source mapping and its
// targets for a stream. It simulates settings and ranks them.
//
// Its inputs come from three places, and a [Report] names them.
//
//   - Measured: the requests of a batch, their sizes, and their CPU. [Measure] hands
//     batches of the sample, of many sizes, to the function's own handler. The sinks
//     make their requests as usual. A transport acknowledges the requests
//     ([Services]), so nothing leaves the process.
//   - Modeled: how long services, Lambda and the polling of shards take
//     ([Latencies]), and how CPU grows with memory. These are assumptions in a file
//     that users should replace.
//   - Prices ([Prices]), from a file with region, date and sources.
//
// From these come the time of one invocation (makespan.go), with the engine's
// bounds on requests in flight, then batches and lags of a shard (lane.go), and
// from its invocations the cost (cost.go). All random values come from one seed:
// the same measurement gives the same ranking.
package tune
