package sinks

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"fanout/engine"
)

var (
	// A cluster that elects, moves slots or loads its data is done in seconds.
	recovering = verdict{class: engine.Retryable, why: "the server or its cluster is not ready"}

	// A replica that was a primary until now says so; the client reconnects.
	replica = verdict{class: engine.Retryable, why: "the server is a replica: if this lasts, write the address of the primary"}

	// Values expire or are evicted; the owner may also make room.
	full = verdict{class: engine.Retryable, why: "the server's memory is full and it evicts nothing: give it more, a ttl, or an eviction policy"}

	// The client has the map of the cluster now, so the next attempt knows where to go.
	elsewhere = verdict{class: engine.Retryable, why: "another node of the cluster has the key"}

	// Passwords do not change within an invocation; if they do after it, Lambda's own
	// retry finds them changed.
	unauthorized = verdict{class: engine.Permanent, why: "access is denied: check user, password, and what the user may do"}
)

// redisCodes are the first words of Redis' error answers.
var redisCodes = map[string]verdict{
	"OOM":         full,
	"READONLY":    replica,
	"LOADING":     recovering,
	"CLUSTERDOWN": recovering,
	"MASTERDOWN":  recovering,
	"NOREPLICAS":  recovering,
	"TRYAGAIN":    recovering,
	"BUSY":        recovering, // a script runs
	"MISCONF":     failing,    // snapshots fail, so writes are refused
	"MOVED":       elsewhere,
	"ASK":         elsewhere,
	"WRONGPASS":   unauthorized,
	"NOAUTH":      unauthorized,
	"NOPERM":      unauthorized,
}

// classifyRedis says what to do about the error of a command or a pipeline. Of
// Redis' answers it repeats the first word alone: others hold keys and arguments.
func classifyRedis(sink string, err error) error {
	answer, ok := errors.AsType[redis.Error](err)
	switch {
	case !ok:
		return disconnected(sink, err)
	case errors.Is(err, redis.Nil):
		return unacknowledged(sink)
	case strings.HasPrefix(answer.Error(), "ERR max number of clients"):
		return say(sink, "ERR", "", slowDown)
	case strings.HasPrefix(answer.Error(), "ERR invalid password"): // before Redis 6
		return say(sink, "ERR", "", unauthorized)
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	if v, known := redisCodes[code]; known {
		return say(sink, code, "", v)
	}
	return say(sink, "ERR", "", failing)
}

// isAnswer reports whether err is what a server answered.
func isAnswer(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// isMoved reports whether a server answered that another node of its cluster has
// the key.
func isMoved(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask
}
