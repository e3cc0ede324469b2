package ui

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		text    string
		want    time.Duration
		seconds int // value of a flag of whole seconds; -99: refused
	}{
		{"30", 30 * time.Second, 30},
		{"0", 0, 0},
		{"-1", -time.Second, -1},
		{"30s", 30 * time.Second, 30},
		{"5m", 5 * time.Minute, 300},
		{"1h30m", 90 * time.Minute, 5400},
		{"1500ms", 1500 * time.Millisecond, -99},
		{"2000ms", 2 * time.Second, 2},
		{"100000h", 100_000 * time.Hour, 360_000_000},
	} {
		var d time.Duration
		if err := (duration{&d}).Set(c.text); err != nil || d != c.want {
			t.Errorf("%s: %v, %v; want %v", c.text, d, err, c.want)
		}
		n := -99
		if err := (seconds[int]{&n}).Set(c.text); (err != nil) != (c.seconds == -99) || n != c.seconds {
			t.Errorf("%s: %d seconds, %v; want %d", c.text, n, err, c.seconds)
		}
	}
	for _, bad := range []string{"", "s", "5 m", "five", "1d", "1e3", "0x10", "9223372036854775807", "99999999999999999999", "300000h0"} {
		d, n := time.Duration(-7), int32(-7)
		if (duration{&d}).Set(bad) == nil || (seconds[int32]{&n}).Set(bad) == nil || d != -7 || n != -7 {
			t.Errorf("%q is taken for %v and %d", bad, d, n)
		}
	}
	if n := int32(0); (seconds[int32]{&n}).Set("3000000000") == nil {
		t.Errorf("more seconds than AWS knows are taken for %d", n)
	}
}

func TestDurationList(t *testing.T) {
	list := []time.Duration{time.Hour}
	d := Durations{Value: &list}
	for _, text := range []string{"0,1s", "5"} {
		if err := d.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Set("1,"); err == nil || d.String() != "0s,1s,5s" {
		t.Errorf("%v, %v", &d, err)
	}
}
