//go:build !release

package code

import "embed"

// archives is empty in a plain go build, which cannot make them.
var archives embed.FS
