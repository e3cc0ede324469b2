// Package function has the commands about the function.
package function
