package memcachedfake

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// frame is the size of an item without key and data. maxKey is the limit of a key
// (memcached.h).
const (
	frame  = 48 + 8 + 1 + 2
	maxKey = 250
)

// conn is a client's connection.
type conn struct {
	*Server
	r        *bufio.Reader
	w        *bufio.Writer
	loggedIn bool
}

func serve(s *Server, nc net.Conn) {
	c := &conn{Server: s, r: bufio.NewReader(nc), w: bufio.NewWriter(nc), loggedIn: s.o.Login == ""}
	for {
		cmd, words, err := c.read()
		if err != nil {
			return
		}
		f := c.note(cmd)
		switch {
		case f.Drop:
			return
		case f.Hang:
			_, _ = io.Copy(io.Discard, c.r) // until the connection is closed
			return
		case f.Answer != "":
			c.answer("%s", f.Answer)
		default:
			c.obey(cmd, words)
		}
		if f.After || c.w.Flush() != nil {
			return
		}
	}
}

// read reads a command, with the data of a set.
func (c *conn) read() (cmd Command, words []string, err error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return cmd, nil, err
	}
	words = strings.Split(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), " ")
	cmd.Verb, cmd.Key = words[0], strings.Join(words[1:], " ")
	if cmd.Verb != "set" || len(words) != 5 {
		return cmd, words, nil
	}
	cmd.Key = words[1]
	n, err := strconv.ParseUint(words[4], 10, 31)
	if err != nil {
		return cmd, words, nil // obey sees that the data is missing
	}
	cmd.Data = make([]byte, n+2)
	_, err = io.ReadFull(c.r, cmd.Data)
	return cmd, words, err
}

func (c *conn) note(cmd Command) Fault {
	c.mu.Lock()
	cmd.Data = bytes.TrimSuffix(cmd.Data, []byte("\r\n"))
	c.commands = append(c.commands, cmd)
	decide := c.decide
	c.mu.Unlock()
	if decide != nil {
		if f := decide(cmd); f != nil {
			return *f
		}
	}
	return Fault{}
}

func (c *conn) answer(format string, args ...any) {
	_, _ = fmt.Fprintf(c.w, format+"\r\n", args...) // Flush returns the error
}

// obey executes a command.
func (c *conn) obey(cmd Command, words []string) {
	data, whole := bytes.CutSuffix(cmd.Data, []byte("\r\n"))
	switch {
	case cmd.Verb == "set" && !whole:
		c.answer("CLIENT_ERROR bad data chunk")
	case cmd.Verb == "set" && !c.loggedIn && !bytes.Contains(data, []byte(" ")):
		c.answer("CLIENT_ERROR bad authentication token format")
	case cmd.Verb == "set" && !c.loggedIn:
		if c.loggedIn = string(data) == c.o.Login; c.loggedIn {
			c.answer("STORED")
		} else {
			c.answer("CLIENT_ERROR authentication failure")
		}
	case !c.loggedIn:
		c.answer("CLIENT_ERROR unauthenticated")
	case cmd.Verb == "set":
		c.set(cmd.Key, data, words[3])
	case cmd.Verb == "delete" && len(words) == 2:
		c.remove(cmd.Key)
	case cmd.Verb == "config" && cmd.Key == "get cluster" && !c.o.Old:
		c.tell("CONFIG cluster", "ERROR")
	case cmd.Verb == "get" && cmd.Key == "AmazonElastiCache:cluster":
		c.tell("VALUE AmazonElastiCache:cluster", "END")
	default:
		c.answer("ERROR")
	}
}

func (c *conn) set(key string, data []byte, expiration string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case key == "" || len(key) > maxKey:
		c.answer("CLIENT_ERROR bad command line format")
	case frame+len(key)+len(data) > c.o.MaxItem:
		c.answer("SERVER_ERROR object too large for cache")
	default:
		c.items[key] = Item{Data: data, Expiration: expiration, Order: len(c.commands)}
		c.answer("STORED")
	}
}

func (c *conn) remove(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; !ok {
		c.answer("NOT_FOUND")
		return
	}
	delete(c.items, key)
	c.answer("DELETED")
}

// tell answers with the nodes of the cluster.
func (c *conn) tell(head, none string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config == "" {
		c.answer("%s", none)
		return
	}
	c.answer("%s 0 %d\r\n%s\r\nEND", head, len(c.config), c.config)
}
