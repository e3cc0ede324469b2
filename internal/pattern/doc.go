// Package pattern matches events with EventBridge event patterns, as event-ruler of AWS
// does. A pattern is compiled once. Matching reads JSON in one pass, decodes only the
// fields that the pattern names, and allocates nothing.
//
// Every name in a pattern leads to a list of values, and the event must have one of them
// there. An array in an event counts as all of its elements, but a pattern never takes
// two fields from different elements of one array. Numbers match by value. So 1 matches
// 1.0, as long as a float64 holds the number exactly to its last decimal digit.
//
// The differences from event-ruler are listed in testdata/differences.txt.
package pattern
