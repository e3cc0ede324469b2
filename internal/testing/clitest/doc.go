// Package clitest has what tests of the command line share: golden files, checks of tables
// and of hostile text, an environment and an event.
package clitest
