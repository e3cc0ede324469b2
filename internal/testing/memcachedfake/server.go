// Package memcachedfake is a small memcached on a loopback port, for tests. It supports
// the part of the text protocol (memcached, doc/protocol.txt) that fanout uses, and
// refuses the same items as memcached. It lists the nodes of a cluster like an
// ElastiCache configuration endpoint, records every command, and fails on request.
package memcachedfake

import (
	"crypto/tls"
	"maps"
	"net"
	"slices"
	"sync"
)

// Server is a fake memcached. It is safe for concurrent use.
type Server struct {
	o        Options
	listener net.Listener
	active   sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	dialed   int
	items    map[string]Item
	commands []Command
	decide   func(Command) *Fault
	config   string
}

// Options are the differences from memcached -p 0.
type Options struct {
	Address string      // to listen on; "": a free loopback port
	TLS     *tls.Config // nil: none
	Login   string      // "user password" that each connection must send first; "": none
	Old     bool        // an ElastiCache engine before 1.4.14, which does not know config
	MaxItem int         // bytes of an item; 0: 1 MiB
}

// Item is the stored value of a key.
type Item struct {
	Data       []byte
	Expiration string // as sent
	Order      int    // of arrival among all stored items, from 1
}

// Command is one command as the server parsed it.
type Command struct {
	Verb string
	Key  string // or all other words of a verb without a key
	Data []byte // of set
}

// Fault is a fault of a command. Zero fields have no effect.
type Fault struct {
	Answer string // instead of taking effect; without the line break
	Drop   bool   // close the connection, with no effect
	After  bool   // take effect, then close the connection
	Hang   bool   // answer nothing until the server is closed
}

// Start returns a server that listens.
func Start(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.MaxItem == 0 {
		o.MaxItem = 1 << 20
	}
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	o.Address = l.Addr().String()
	if o.TLS != nil {
		l = tls.NewListener(l, o.TLS)
	}
	s := &Server{o: o, listener: l, conns: make(map[net.Conn]bool), items: make(map[string]Item)}
	s.active.Go(s.accept)
	return s, nil
}

// Address returns the server's address, 127.0.0.1:port.
func (s *Server) Address() string { return s.o.Address }

// Close closes all connections and waits for running commands.
func (s *Server) Close() {
	_ = s.listener.Close() // closing twice does no harm
	s.Disconnect()
	s.active.Wait()
}

// Disconnect closes all connections.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // an error changes nothing
	}
}

// OnCommand makes decide return the fault of each command from now on. A nil decide, or a
// nil result, means no fault. The server calls decide concurrently.
func (s *Server) OnCommand(decide func(Command) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide = decide
}

// SetConfig sets the answer to a request for the nodes of the cluster; "": the server
// does not know the command.
func (s *Server) SetConfig(config string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = config
}

// Items returns the stored items by key.
func (s *Server) Items() map[string]Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.items)
}

// Commands returns the commands so far, in order.
func (s *Server) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Connections returns the number of connections so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialed
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.dialed++
		s.mu.Unlock()
		s.active.Go(func() {
			serve(s, c)
			_ = c.Close() // the client is gone or will be
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}
