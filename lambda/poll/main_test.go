package poll

import (
	"testing"

	"go.uber.org/goleak"

	"fanout/internal/testenv"
)

func TestMain(m *testing.M) {
	testenv.Clear()
	goleak.VerifyTestMain(m)
}
