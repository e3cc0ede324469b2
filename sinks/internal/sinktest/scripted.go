package sinktest

import (
	"io"
	"net"
	"slices"
	"time"
)

// scripted is a server that answers the first request, in pieces, and no other.
type scripted struct {
	net.Conn
	requested chan struct{}
	Pieces    [][]byte
}

func NewScripted(answer []byte, piece int) *scripted {
	return &scripted{requested: make(chan struct{}, 1), Pieces: slices.Collect(slices.Chunk(answer, max(piece, 1)))}
}

func (c *scripted) Write(p []byte) (int, error) {
	select {
	case c.requested <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (c *scripted) Read(p []byte) (int, error) {
	if len(c.Pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.Pieces[0])
	if c.Pieces[0] = c.Pieces[0][n:]; len(c.Pieces[0]) == 0 {
		c.Pieces = c.Pieces[1:]
	}
	return n, nil
}

func (*scripted) Close() error { return nil }

func (*scripted) LocalAddr() net.Addr { return &net.TCPAddr{} }

func (*scripted) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (*scripted) SetDeadline(time.Time) error { return nil }

func (*scripted) SetReadDeadline(time.Time) error { return nil }

func (*scripted) SetWriteDeadline(time.Time) error { return nil }
