package sinktest

import (
	"io"
	"net"
	"slices"
	"time"
)

// Scripted is a connection to a server that sends an answer in pieces, whatever it gets,
// and then closes.
type Scripted struct {
	Pieces [][]byte // that were not read yet
}

// NewScripted returns a connection to a server that sends answer in pieces of the given
// length.
func NewScripted(answer []byte, length int) *Scripted {
	return &Scripted{slices.Collect(slices.Chunk(answer, max(length, 1)))}
}

func (*Scripted) Write(p []byte) (int, error) { return len(p), nil }

func (c *Scripted) Read(p []byte) (int, error) {
	if len(c.Pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.Pieces[0])
	if c.Pieces[0] = c.Pieces[0][n:]; len(c.Pieces[0]) == 0 {
		c.Pieces = c.Pieces[1:]
	}
	return n, nil
}

func (*Scripted) Close() error { return nil }

func (*Scripted) LocalAddr() net.Addr { return &net.TCPAddr{} }

func (*Scripted) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (*Scripted) SetDeadline(time.Time) error { return nil }

func (*Scripted) SetReadDeadline(time.Time) error { return nil }

func (*Scripted) SetWriteDeadline(time.Time) error { return nil }
