// Package enginetest checks stages and sinks against what the engine relies on,
// and has a scripted sink for tests of the engine and of what is built on it.
package enginetest
