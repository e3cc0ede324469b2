// Package watch has the commands that show what a function does.
package watch
