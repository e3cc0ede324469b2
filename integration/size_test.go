//go:build integration

package integration

import (
	"os"
	"testing"
)

// TestCommandIsSmall notices if something looks up methods by name. The linker then keeps
// all exported methods, and the command grows by 30 MB.
func TestCommandIsSmall(t *testing.T) {
	info, err := os.Stat("../bin/fanout")
	if err != nil {
		t.Fatal(err)
	}
	if n := info.Size() >> 20; n >= 60 {
		t.Errorf("bin/fanout has %d MiB; keep it under 60: see go build -ldflags=-dumpdep and look for ReflectMethod", n)
	}
}
