// Package engine moves the records of one batch through stages to many targets.
//
// A [Plan] is a tree of stages that ends in targets. Stages that several targets
// begin with run once. [Plan.Run] takes a batch, runs the stages lane by lane,
// packs the results into requests within each sink's limits, sends them with
// bounded concurrency and retries failures. It returns a [Report] in which every
// source record is, for every target, exactly one of delivered, filtered, dropped,
// diverted or failed.
//
// The engine knows no AWS, no JSON and no configuration. People extend fanout by
// writing a [Stage] or a [Sink]; package enginetest checks both.
package engine
