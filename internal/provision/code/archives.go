//go:build release

package code

import "embed"

// make build puts the archives here.
//
//go:embed fanout-arm64.zip fanout-amd64.zip
var archives embed.FS
