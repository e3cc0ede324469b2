// Package testenv keeps the caller's environment out of tests.
package testenv

import (
	"os"
	"strings"
)

// Clear unsets every variable that affects AWS clients and fanout, and hides the caller's
// AWS configuration files. Call it in TestMain.
func Clear() {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "FANOUT_") || name == "COLUMNS" || name == "NO_COLOR" {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_ = os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	_ = os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
}
