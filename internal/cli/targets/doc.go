// Package targets has the commands about the targets in a table.
package targets
