// Package integration tests bin/fanout against servers that speak as AWS does, but
// were not written with fanout in mind. `make integration` starts them and runs it.
package integration
