package bench

import (
	"bufio"
	"bytes"
	"strconv"
)

// keep answers the commands of a cache's client until it cannot read one.
func (s *Services) keep(g guest) {
	w := bufio.NewWriter(g)
	for {
		line, err := g.r.ReadSlice('\n')
		if err != nil {
			return
		}
		command := memcachedCommand
		if line[0] == '*' {
			command = redisCommand
		}
		answer, err := command(g.r, line)
		if err != nil {
			return
		}
		s.calls[cache].Add(1)
		_, _ = w.WriteString(answer) // Flush returns the error
		if g.r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// redisCommand reads a command of the Redis serialization protocol. Its first line has
// the number of words.
func redisCommand(r *bufio.Reader, line []byte) (answer string, err error) {
	answer = "-ERR unknown command\r\n"
	words, err := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	for i := range words {
		if line, err = r.ReadSlice('\n'); err != nil {
			return "", err
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(line[1:]))) // after a dollar sign
		if err != nil {
			return "", err
		}
		if i == 0 {
			if word, err := r.Peek(n); err == nil && string(word) == "set" {
				answer = "+OK\r\n"
			}
		}
		if _, err := r.Discard(n + len("\r\n")); err != nil {
			return "", err
		}
	}
	return answer, err
}

// memcachedCommand reads a command; it supports only set.
func memcachedCommand(r *bufio.Reader, line []byte) (string, error) {
	words := bytes.Fields(line)
	if len(words) != 5 || string(words[0]) != "set" {
		return "ERROR\r\n", nil
	}
	n, err := strconv.Atoi(string(words[4]))
	if err != nil {
		return "", err
	}
	_, err = r.Discard(n + len("\r\n"))
	return "STORED\r\n", err
}
