package plain

// Explain returns err with another text, which goes through [Line].
func Explain(err error, text string) error { return &explained{Line(text), err} }

type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }
