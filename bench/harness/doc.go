// Package harness runs functions as Lambda does: each a process of its own that
// speaks the Runtime API, on one core, with the AWS it calls and everything else on
// the others. It measures what the kernel says such a process used.
//
// Linux alone tells the processor time of another process while that runs; on other
// systems everything here fails with ErrSystem.
package harness
