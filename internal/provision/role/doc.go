// Package role keeps the inline policy of the function's role up to date with the
// function's targets, sources and settings.
//
// A role that fanout deploy made carries a tag with the function's name. Any other role
// has another owner, and is left alone.
package role
