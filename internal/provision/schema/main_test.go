package schema

import (
	"testing"

	"fanout/internal/testing/testenv"
)

func TestMain(m *testing.M) {
	testenv.Clear()
	m.Run()
}
