//go:build integration

package integration

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// server is a process that listens on loopback. While it runs, a file has its process id,
// so run.sh can stop it if the tests end early.
type server struct {
	addr string // host:port that it listens on
	argv []string
	attr *syscall.SysProcAttr

	cmd    *exec.Cmd
	log    bytes.Buffer // output of cmd; read it after cmd has ended
	exited chan struct{}
}

// serve starts a server that listens on addr, and stops it when the test ends.
func serve(t *testing.T, addr string, argv ...string) *server {
	t.Helper()
	s := &server{addr: addr, argv: argv}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	return s
}

// patience is the time limit for a server to listen, and for other things that should
// happen at once.
const patience = time.Minute

// start starts or restarts the server, and waits until it listens.
func (s *server) start() error {
	s.log.Reset()
	s.cmd, s.exited = exec.Command(s.argv[0], s.argv[1:]...), make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = &s.log, &s.log, s.attr
	s.cmd.Dir = os.Getenv("FANOUT_SERVERS")
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(s.pidFile(), nil, 0o600); err != nil {
		_ = s.cmd.Process.Kill()
		return err
	}
	go func() {
		_ = s.cmd.Wait() // returns the kill
		_ = os.Remove(s.pidFile())
		close(s.exited)
	}()
	for deadline := time.Now().Add(patience); ; {
		if conn, err := net.Dial("tcp", s.addr); err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %s", s.argv[0], &s.log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.stop(syscall.SIGKILL)
			return fmt.Errorf("%s does not listen: %s", s.argv[0], &s.log)
		}
	}
}

// stop ends the server with a signal, and waits for its end.
func (s *server) stop(sig syscall.Signal) {
	_ = s.cmd.Process.Signal(sig) // it may have ended
	<-s.exited
}

func (s *server) pidFile() string {
	return filepath.Join(os.Getenv("FANOUT_SERVERS"), "pids", fmt.Sprint(s.cmd.Process.Pid))
}

func (s *server) port() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return port
}

// freeAddr returns a free address on loopback. The system does not assign its port to
// clients, so it is still free after the server has stopped.
func freeAddr() string {
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000))
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
}

// eventually waits until f returns nil.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(errors.Join(errors.New("it has taken too long"), err))
		}
	}
}
