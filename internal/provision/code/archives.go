//go:build release

package code

import "embed"

// archives are put here by make build.
//
//go:embed fanout-arm64.zip fanout-amd64.zip
var archives embed.FS
