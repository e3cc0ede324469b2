package target

import (
	"errors"
	"math"
	"strconv"
	"time"
)

var errNoDuration = errors.New("is neither seconds nor a duration")

// ParseDuration parses a time in the form of all variables, flags and attributes: seconds
// such as 90, or a duration such as 90s or 5m.
func ParseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n > math.MaxInt64/int64(time.Second) || n < math.MinInt64/int64(time.Second) {
			return 0, errNoDuration
		}
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errNoDuration
	}
	return d, nil
}

// timed holds the attributes whose numbers are seconds.
var timed = map[string]bool{"maxAge": true, "ttl": true}

// seconds parses the text of such an attribute.
func seconds(text string) (n int, ok bool) {
	d, err := ParseDuration(text)
	if err != nil || d <= 0 || d%time.Second != 0 {
		return 0, false
	}
	return int(d / time.Second), true
}
