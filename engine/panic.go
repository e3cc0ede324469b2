package engine

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/sourcegraph/conc/panics"
)

// describe returns the place of a panic. It adds the value only if the runtime
// raised the panic, because any other value may hold a payload.
func describe(p *panics.Recovered) string {
	where := origin(p.Callers)
	if err, ok := p.Value.(runtime.Error); ok {
		return where + ": " + err.Error()
	}
	return where + fmt.Sprintf(": a value of type %T", p.Value)
}

// origin names the function that panicked: the first frame outside the runtime and
// the recovering library.
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
