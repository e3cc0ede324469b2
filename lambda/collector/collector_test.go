package collector

import (
	"runtime/debug"
	"testing"
)

func TestSet(t *testing.T) {
	const goPercent, goLimit = 100, 1 << 62 // as if Go had set them
	limitBefore, percentBefore := debug.SetMemoryLimit(-1), debug.SetGCPercent(goPercent)
	t.Cleanup(func() {
		debug.SetMemoryLimit(limitBefore)
		debug.SetGCPercent(percentBefore)
	})
	for name, c := range map[string]struct {
		env     map[string]string
		percent int
		limit   int64
	}{
		"small function":  {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}, percent, 128 << 20 * limit / 100},
		"large function":  {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "10240"}, percent, 10240 << 20 * limit / 100},
		"GOGC":            {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "GOGC": "50"}, goPercent, 128 << 20 * limit / 100},
		"GOMEMLIMIT":      {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "GOMEMLIMIT": "1GiB"}, percent, goLimit},
		"not on Lambda":   {nil, goPercent, goLimit},
		"not a number":    {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "much"}, goPercent, goLimit},
		"no memory":       {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "0"}, goPercent, goLimit},
		"negative memory": {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "-1"}, goPercent, goLimit},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetGCPercent(goPercent)
			debug.SetMemoryLimit(goLimit)
			Set(func(name string) string { return c.env[name] })
			if got := debug.SetMemoryLimit(-1); got != c.limit {
				t.Errorf("the limit is %d bytes, want %d", got, c.limit)
			}
			if got := debug.SetGCPercent(goPercent); got != c.percent {
				t.Errorf("GOGC is %d, want %d", got, c.percent)
			}
		})
	}
}
