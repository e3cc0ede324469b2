package cli

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"fanout/extra/kafka"
	"fanout/internal/testing/testenv"
)

func TestMain(m *testing.M) {
	// With the extensions of cmd/fanout.
	testscript.Main(leakless{m}, map[string]func(){"fanout": func() { Main(kafka.CommandOnly()...) }})
}

// leakless runs tests and fails if they leave goroutines.
type leakless struct{ *testing.M }

func (m leakless) Run() int {
	testenv.Clear()
	status := m.M.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}
