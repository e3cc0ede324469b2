package faultproxy

// Fault is a fault of one request. Zero fields have no effect.
type Fault struct {
	// Reset resets the connection (TCP RST) before the request is read.
	Reset bool

	// Answer returns the answer to command i of the request; the server does not get the
	// command. A nil Answer, or a nil result, lets the server answer. A request of HTTP
	// or memcached is one command; a Redis pipeline has many.
	Answer func(i int) []byte

	// Close ends the connection after the answer.
	Close bool

	// Cut lets the request take effect, and disturbs the middle of the answer's body, or
	// the end of the status line if there is no body.
	Cut Cut
}

// Cut is a fault in the middle of an answer.
type Cut uint8

const (
	CutNone  Cut = iota
	CutEnd       // the connection is closed (TCP FIN)
	CutReset     // the connection is reset (TCP RST)
	CutStall     // the rest never comes; the connection stays open until the client closes it
)
