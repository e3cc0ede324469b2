package queue

import (
	"testing"

	"go.uber.org/goleak"

	"fanout/internal/testing/testenv"
)

func TestMain(m *testing.M) {
	testenv.Clear()
	goleak.VerifyTestMain(m)
}
