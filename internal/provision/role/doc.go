// Package role keeps the inline policy of the function's role in step with what the
// function needs: its targets, its sources, and its own settings.
//
// A role that fanout deploy made carries a tag with the function's name. Any other
// belongs to somebody else, and is left alone.
package role
