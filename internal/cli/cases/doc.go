// Package cases has the command `fanout test`.
package cases
