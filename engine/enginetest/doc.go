// Package enginetest checks stages and sinks against the engine's requirements, and
// has a scripted sink for tests of the engine and its users.
package enginetest
