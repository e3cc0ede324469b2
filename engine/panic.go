package engine

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/sourcegraph/conc/panics"
)

// describe tells where a panic came from, and what it was if the runtime raised
// it; any other value may hold a payload.
func describe(p *panics.Recovered) string {
	where := origin(p.Callers)
	if err, ok := p.Value.(runtime.Error); ok {
		return where + ": " + err.Error()
	}
	return where + fmt.Sprintf(": a value of type %T", p.Value)
}

// origin names the function that panicked: the first that belongs neither to the
// runtime nor to what recovered it.
func origin(callers []uintptr) string {
	frames := runtime.CallersFrames(callers)
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") && !strings.Contains(f.Function, "sourcegraph/conc") {
			return fmt.Sprintf(" in %s (line %d)", f.Function, f.Line)
		}
		if !more {
			return ""
		}
	}
}
