package jsonscan

// Kind is the type of a JSON value.
type Kind uint8

const (
	Absent Kind = iota
	Null
	Boolean
	Number
	Plain   // a string without escapes
	Escaped // a string with escapes
	Array
	Object
)

// String describes the type for an error.
func (k Kind) String() string {
	return [...]string{"missing", "null", "a boolean", "a number", "a string", "a string", "a list", "an object"}[k]
}

// Value is a JSON value as it stands in the text; for a string, the text between the
// quotes.
type Value struct {
	Raw  []byte
	Kind Kind
}

// IsString reports whether the value is a string.
func (v Value) IsString() bool { return v.Kind == Plain || v.Kind == Escaped }

// Given reports whether the value is present and not null.
func (v Value) Given() bool { return v.Kind > Null }

// Content returns the content of a string, and nil for any other value. Without escapes
// this is a part of the text.
func (v Value) Content() []byte {
	switch v.Kind {
	case Plain:
		return v.Raw
	case Escaped:
		return AppendUnescaped(make([]byte, 0, len(v.Raw)), v.Raw)
	default:
		return nil
	}
}
