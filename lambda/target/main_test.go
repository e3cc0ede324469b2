package target

import (
	"testing"

	"go.uber.org/goleak"

	"fanout/internal/testing/testenv"
	"fanout/sinks/builtin"
	"fanout/stages"
)

func TestMain(m *testing.M) {
	testenv.Clear()
	goleak.VerifyTestMain(m)
}

// catalog is that of the function.
var catalog = &Catalog{Types: builtin.Types(), Stages: stages.Types()}
