//go:build !release

package code

import "embed"

// archives are left out by a plain go build, which has nothing to make them with.
var archives embed.FS
