package ui

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"fanout/lambda/target"
)

// Every flag for a time takes seconds, such as 30, and durations, such as 30s, 5m or
// 1h30m.

// errDuration is replaced by flagError, which knows the flag.
var errDuration = errors.New("must be a duration")

// parseDuration reads the value of such a flag.
func parseDuration(s string) (time.Duration, error) {
	d, err := target.ParseDuration(s)
	if err != nil {
		return 0, errDuration
	}
	return d, nil
}

// duration is the value of a flag for a time with fractions of a second. It implements
// pflag.Value.
type duration struct{ value *time.Duration }

func (d duration) String() string { return d.value.String() }
func (d duration) Type() string   { return "duration" }

func (d duration) Set(s string) (err error) {
	parsed, err := parseDuration(s)
	if err == nil {
		*d.value = parsed
	}
	return err
}

// DurationFlag adds a flag for a time.
func DurationFlag(s *pflag.FlagSet, p *time.Duration, name string, value time.Duration, usage string) {
	*p = value
	s.Var(duration{p}, name, usage)
}

// Durations is the value of a flag that takes several times, with commas or repeated.
// The first use replaces the default. It implements pflag.Value.
type Durations struct {
	Value *[]time.Duration
	used  bool
}

func (d *Durations) Type() string { return "durationSlice" }

func (d *Durations) String() string {
	all := make([]string, len(*d.Value))
	for i, v := range *d.Value {
		all[i] = v.String()
	}
	return strings.Join(all, ",")
}

func (d *Durations) Set(s string) error {
	var all []time.Duration
	for one := range strings.SplitSeq(s, ",") {
		parsed, err := parseDuration(one)
		if err != nil {
			return err
		}
		all = append(all, parsed)
	}
	if d.used {
		all = append(*d.Value, all...)
	}
	*d.Value, d.used = all, true
	return nil
}

// seconds is the value of a flag for a time in whole seconds. It prints as a number, as
// in attributes of targets. It implements pflag.Value.
type seconds[T int | int32] struct{ value *T }

func (d seconds[T]) String() string { return strconv.FormatInt(int64(*d.value), 10) }
func (d seconds[T]) Type() string   { return "seconds" }

func (d seconds[T]) Set(s string) error {
	parsed, err := parseDuration(s)
	n := parsed / time.Second
	if err != nil || parsed%time.Second != 0 || n > math.MaxInt32 || n < math.MinInt32 {
		return errDuration
	}
	*d.value = T(n)
	return nil
}

// SecondsFlag adds a flag for a time in whole seconds.
func SecondsFlag[T int | int32](s *pflag.FlagSet, p *T, name string, value T, usage string) {
	*p = value
	s.Var(seconds[T]{p}, name, usage)
}
