package cli

import (
	"bytes"
	"errors"
	"testing"

	"go.uber.org/zap" // No text in a warning controls a terminal.
)

func TestWarningsAreHarmless(t *testing.T) {
	checkHarmless(t, map[string]func(w *bytes.Buffer){"warning": func(w *bytes.Buffer) {
		log := (&common{}).logger(w)
		log.With(zap.String(forged, forged)).Warn(forged, zap.Strings("list", []string{forged}), zap.Error(errors.New(forged)))
	}})
}
