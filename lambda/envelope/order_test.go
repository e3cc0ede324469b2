package envelope_test

import (
	"testing"

	"fanout/lambda/envelope"
)

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b       string
		subA, subB int
		want       int
	}{
		{"9", "10", 0, 0, -1},
		{"10", "9", 0, 0, 1},
		{"0009", "9", 0, 0, 0},
		{"9", "9", 2, 10, -1},
		{"49590338271490256608559692538361571095921575989136588898", "49590338271490256608559692540925702759324208523137515618", 0, 0, -1},
		{"9/8f3a", "9", 0, 0, 0},
		{"9/8f3a", "10", 0, 0, -1},
		{"2f4c-99", "1", 0, 0, 1},
		{"1", "", 0, 0, -1},
		{"b", "a", 0, 7, 0},
	} {
		a, b := envelope.Envelope{Sequence: c.a, Sub: c.subA}, envelope.Envelope{Sequence: c.b, Sub: c.subB}
		if got, back := envelope.Compare(&a, &b), envelope.Compare(&b, &a); got != c.want || back != -c.want {
			t.Errorf("%s/%d and %s/%d: %d, %d the other way round; want %d", c.a, c.subA, c.b, c.subB, got, back, c.want)
		}
	}
}
