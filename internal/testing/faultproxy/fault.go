package faultproxy

// Fault is what goes wrong with one request. Fields that are zero do nothing.
type Fault struct {
	// Reset resets the connection (TCP RST) before the request is read.
	Reset bool

	// Answer answers command i of the request instead of the server, which does not
	// get it; nil, there and as its answer, lets the server answer. An HTTP request,
	// and one of memcached, is one command; of a pipeline of Redis each is one.
	Answer func(i int) []byte

	// Close ends the connection after the answer.
	Close bool

	// Cut lets the request take effect, and disturbs the answer in its middle: in
	// that of its body, or without one behind the status line.
	Cut Cut
}

// Cut is how an answer goes wrong in its middle.
type Cut uint8

const (
	CutNone  Cut = iota
	CutEnd       // the connection is closed (TCP FIN)
	CutReset     // the connection is reset (TCP RST)
	CutStall     // the rest never comes; the connection stays open until the client closes it
)
