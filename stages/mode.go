package stages

import "fmt"

// Mode says how [Collapse] merges records into a message.
type Mode uint8

// The modes, with the names that ParseMode takes.
const (
	None      Mode = iota // "none": records are not merged
	JSON                  // "JSON": {"Records":[r1,r2,…]}
	Concat                // "concat": the bytes one after another
	ConcatB64             // "concat-b64": the base64 text of those bytes
)

var modes = [...]string{None: "none", JSON: "JSON", Concat: "concat", ConcatB64: "concat-b64"}

// String returns the mode's name.
func (m Mode) String() string {
	if int(m) < len(modes) {
		return modes[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// ParseMode returns the mode with exactly that name. Its error lists the valid
// names.
func ParseMode(name string) (Mode, error) {
	for m, n := range modes {
		if n == name {
			return Mode(m), nil
		}
	}
	return None, fmt.Errorf("%q is not a collapse mode: use JSON, none, concat or concat-b64", name)
}
