// Package memcachedfake is a small memcached on a loopback port, for tests. It speaks
// as much of the text protocol (memcached, doc/protocol.txt) as fanout uses, refuses
// what memcached refuses, names the nodes of a cluster as an ElastiCache
// configuration endpoint does, remembers every command, and goes wrong on request.
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

// Options are how a server differs from memcached -p 0.
type Options struct {
	Address string      // to listen on; "": a free loopback port
	TLS     *tls.Config // nil: none
	Login   string      // "user password" that a connection must begin with; "": none
	Old     bool        // an ElastiCache engine before 1.4.14, which does not know config
	MaxItem int         // bytes of an item; 0: 1 MiB
}

// Item is what the server keeps under a key.
type Item struct {
	Data       []byte
	Expiration string // as it was sent
	Order      int    // of items taken, from 1
}

// Command is one command, as the server understood it.
type Command struct {
	Verb string
	Key  string // or all other words of a verb that has no key
	Data []byte // of set
}

// Fault is what goes wrong with a command. Fields that are zero do nothing.
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

// Address is where the server listens, 127.0.0.1:port.
func (s *Server) Address() string { return s.o.Address }

// Close breaks all connections and waits until no command is under way.
func (s *Server) Close() {
	_ = s.listener.Close() // closing twice does no harm
	s.Disconnect()
	s.active.Wait()
}

// Disconnect breaks all connections.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // broken is broken
	}
}

// OnCommand makes decide say what goes wrong with each command from now on; nil,
// there and as its answer, is nothing. It is called concurrently.
func (s *Server) OnCommand(decide func(Command) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide = decide
}

// SetConfig sets what the server tells who asks for the nodes of its cluster; "":
// it does not know the command.
func (s *Server) SetConfig(config string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = config
}

// Items returns what the server keeps, by key.
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

// Connections returns how many connections were made so far.
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
			_ = c.Close() // the client is gone or to be gone
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}
