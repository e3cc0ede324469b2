// Package sources has the commands about the sources of the function.
package sources
