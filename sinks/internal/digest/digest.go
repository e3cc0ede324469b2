// Package digest hashes keys that a service does not take as they are.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
)

func Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
