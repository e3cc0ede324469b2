package lambda_test

import (
	"strings"
	"testing"
)

// A function's standard output is its log, and no record goes there.
func TestStdoutIsTheLog(t *testing.T) {
	a := open(t, targets(orders, "id: screen, type: file, destination: '-'"))
	got := a.answer(orderEvent([]byte("payload")))
	if !strings.HasPrefix(got, `error: 1 of 1 records failed at target "screen": destination: - is standard output`) {
		t.Errorf("got %s", got)
	}
}
