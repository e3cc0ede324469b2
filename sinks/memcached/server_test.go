package memcached

import (
	"testing"

	"fanout/internal/testing/memcachedfake"
)

func startMemcached(t testing.TB, o memcachedfake.Options) *memcachedfake.Server {
	t.Helper()
	s, err := memcachedfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
