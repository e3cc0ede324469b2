package factory

import (
	"bytes"
	"errors"
	"testing"

	"go.uber.org/zap" // No text in a warning controls a terminal.

	"fanout/internal/testing/clitest"
)

func TestWarningsAreHarmless(t *testing.T) {
	clitest.CheckHarmless(t, map[string]func(w *bytes.Buffer){"warning": func(w *bytes.Buffer) {
		log := (&Factory{}).Logger(w)
		log.With(zap.String(clitest.Forged, clitest.Forged)).Warn(clitest.Forged, zap.Strings("list", []string{clitest.Forged}), zap.Error(errors.New(clitest.Forged)))
	}})
}
