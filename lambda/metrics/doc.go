// Package metrics publishes the outcomes of records as CloudWatch metrics.
//
// The metrics of aws-lambda-fanout keep their names and dimensions, so that existing
// dashboards still work. There, Records by Function was always zero because nothing counted
// it. Here it counts.
//
//	Sources, Records                       by Function
//	Records, Targets                       by Source, Function
//	Records (offered to the target)        by Source, Destination, Function
//
// These metrics for operators are new, by Source, Target and Function:
//
//	Delivered, Dropped, Diverted, Failed   records
//	Already                                records that the target had before; sent if there are any
//	Filtered                               records that the target does not want; sent if there are any
//	Referenced                             records delivered by reference; sent if there are any
//	Requests, Retries, Throttled           requests
//	Bytes                                  acknowledged
//	Duration                               ms from the first record to the last outcome
//	IteratorAge                            ms that the oldest record had waited
//
// Records is the sum of the first six. Delivered and Bytes count only data that was sent
// and acknowledged in the invocation, not attempts.
//
// # PutMetricData
//
// An invocation's final counts exist only when its last record is settled, and Lambda
// freezes the process as soon as the function answers. So [CloudWatch] keeps the counts of
// an invocation and sends them during a later one, stamped with the minute they belong to.
// It makes at most one call a second, with the counts of all invocations since the last
// call. No record waits for a call. If an invocation ends while a call is in progress, it
// waits for the call once, at most 2 ms, so that the freeze does not break the connection.
// The function's role must allow cloudwatch:PutMetricData.
//
// As a result, metrics are an invocation or a second late. A process that ends must get the
// time for [CloudWatch.Flush]: Lambda gives about 500 ms after SIGTERM. If a call hangs,
// Flush sends the metrics that wait behind it in parallel, so only the metrics in the
// hanging call may be lost. Failed records are sent again, and so bring the next invocation
// themselves. If this delay is too long, EMF is the better choice.
//
// Metrics that CloudWatch did not accept are added to the next ones. A call that was
// written but never answered may have been counted. It is not repeated, because a double
// count would report deliveries that never happened. The log reports this, and every loss.
//
// # EMF
//
// [EMF] writes the counts to standard output when the invocation ends, and CloudWatch Logs
// turns them into metrics. It needs no call and no permission, but it adds lines to the
// log, which are billed by size. In rare cases CloudWatch Logs counts a line twice.
package metrics
