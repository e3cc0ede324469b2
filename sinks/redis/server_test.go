package redis

import (
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// redisServer is a miniredis that records its commands and can fail.
type redisServer struct {
	*miniredis.Miniredis

	mu       sync.Mutex
	commands [][]string
	decide   func(n int, args []string) string // n is 0 for the first command of its name since decide was set
	n        int
}

// drop as an answer closes the connection instead.
const drop = "drop"

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	s := &redisServer{Miniredis: miniredis.RunT(t)}
	s.hook()
	return s
}

// hook must be called again after a restart of the server.
func (s *redisServer) hook() {
	s.Server().SetPreHook(func(p *server.Peer, cmd string, args ...string) bool {
		s.mu.Lock()
		s.commands = append(s.commands, append([]string{cmd}, args...))
		answer := ""
		if s.decide != nil && (cmd == "SET" || cmd == "DEL") {
			answer = s.decide(s.n, args)
			s.n++
		}
		s.mu.Unlock()
		switch answer {
		case "":
			return false
		case drop:
			p.Close()
		default:
			p.WriteError(answer)
		}
		return true
	})
}

// onWrite makes decide answer each SET and DEL from now on; "" means Redis' own answer.
func (s *redisServer) onWrite(decide func(n int, args []string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide, s.n = decide, 0
}

// asked returns the arguments of all commands with the given name.
func (s *redisServer) asked(name string) (all [][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if c[0] == name {
			all = append(all, c[1:])
		}
	}
	return all
}
