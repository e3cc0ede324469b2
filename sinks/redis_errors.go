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

// redisFaults are the beginnings of Redis' error answers that have no word of their own.
var redisFaults = []struct {
	answer string
	verdict
}{
	{"ERR max number of clients", slowDown},
	{"ERR invalid password", unauthorized}, // before Redis 6
	{"ERR DB index", verdict{class: engine.Permanent, why: "the server has no database of that number: correct the end of the address"}},
	{"ERR SELECT is not allowed", verdict{class: engine.Permanent, why: clusterDatabase}},
	{"ERR This instance has cluster support disabled", verdict{class: engine.Permanent, why: "the address is that of a cluster, and the server belongs to none: correct it"}},
}

// clusterDatabase tells what is wrong with the address of a cluster that ends in one.
const clusterDatabase = "a Redis cluster has no database but 0; remove the number at the end of the address"

// classifyRedis says what to do about the error of a command or a pipeline. Of
// Redis' answers it repeats the first word alone: others hold keys and arguments.
func classifyRedis(sink string, err error) error {
	if errors.Is(err, redis.Nil) {
		return unacknowledged(sink)
	}
	e, ok := errors.AsType[redis.Error](err)
	if !ok {
		return disconnected(sink, err)
	}
	answer := e.Error()
	for _, f := range redisFaults {
		if strings.HasPrefix(answer, f.answer) {
			return say(sink, "ERR", "", f.verdict)
		}
	}
	code, _, _ := strings.Cut(answer, " ")
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
