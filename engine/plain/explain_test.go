package plain

import (
	"errors"
	"testing"
)

func TestExplain(t *testing.T) {
	cause := errors.New("cause")
	err := Explain(cause, "clear\n\x1b[31m")
	if want := `clear\n\u001b[31m`; err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("got %q, want %q, caused by %v", err, want, cause)
	}
}
