// Package metrics publishes what became of records as CloudWatch metrics.
//
// The predecessor's metrics keep their names and dimensions, so that dashboards
// go on. Its Records by Function was always zero, for want of counting; here it
// counts.
//
//	Sources, Records                       by Function
//	Records, Targets                       by Source, Function
//	Records (offered to the target)        by Source, Destination, Function
//
// Beside them stands, by Source, Target and Function, what operators need:
//
//	Delivered, Dropped, Diverted, Failed   records
//	Already                                records that the target had before; sent if there are any
//	Requests, Retries, Throttled           requests
//	Bytes                                  acknowledged
//	Duration                               ms from the first record to the last outcome
//	IteratorAge                            ms that the oldest record had waited
//
// Records are the sum of the first five. Delivered and Bytes count what was sent and
// acknowledged in the invocation, never what was attempted.
//
// # PutMetricData
//
// The final counts of an invocation exist only when its last record is settled,
// and Lambda freezes the process as soon as the answer is out. So [CloudWatch]
// keeps the counts of an invocation and sends them beside the records of a later
// one, stamped with the minute they belong to: one call a second at most, with the
// counts of all invocations since the last. No record waits for that. Only when an
// invocation ends while a call is still under way, it waits for it once, at most
// 2 ms, to spare the connection the freeze. The function's role must allow
// cloudwatch:PutMetricData.
//
// The price is that metrics are an invocation or a second late, and that a process
// that ends must be given the time of [CloudWatch.Flush]: Lambda gives about 500 ms
// after SIGTERM. What waits behind a call that hangs then goes out beside it, and
// only what that call carries may be lost. Failed records bring the next invocation
// themselves, by being sent again. Where that is too late, EMF is the better choice.
//
// What CloudWatch did not take is added to what comes next. A call that was
// written and never answered may have been counted: it is not sent again, as a
// count too many would say that records were delivered which were not. This is
// told, as is everything that is lost.
//
// # EMF
//
// [EMF] writes the counts to standard output as the invocation ends, and
// CloudWatch Logs makes metrics of them: no call and no permission, but lines in
// the log, which are paid for by size. CloudWatch Logs may rarely count a line
// twice.
package metrics
