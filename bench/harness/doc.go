// Package harness runs functions as Lambda does. Each function is a process that speaks
// the Runtime API on a core of its own; the AWS it calls and everything else run on the
// other cores. It measures the process with the kernel's figures.
//
// Only Linux reports the processor time of another process while it runs. On other
// systems every function here fails with ErrSystem.
package harness
