// Package jq runs jq programs on records (https://jqlang.org), with gojq.
//
// A program is compiled once and runs on many records. A run is bounded: see
// [MaxSteps], [MaxWork], [MaxTime], [MaxOutputs], [MaxOutput] and [MaxDepth]. gojq
// checks its context before every step of a program, so the context counts the steps
// (meter.go). A single step may still take long or much memory, such as "x" * 1e9. So
// the operators and functions that can do that are replaced, before a program is
// compiled, by functions that count their work first (guard.go, rewrite.go). A run that
// exceeds a bound ends, and leaves nothing behind.
//
// A program sees its record and nothing else: no files, no modules, no environment, no
// other records, no clock. So the same record always has the same result, and a record
// that is sent again gets the same ids.
//
// Numbers that a program does not compute with keep their digits.
package jq
