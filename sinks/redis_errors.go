package sinks

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"fanout/engine"
)

var (
	// A cluster finishes an election, a move of slots or a load within seconds.
	recovering = verdict{class: engine.Retryable, why: "the server or its cluster is not ready"}

	// A server that was a primary until now answers this as a replica; the client
	// reconnects.
	replica = verdict{class: engine.Retryable, why: "the server is a replica: if this lasts, write the address of the primary"}

	// The client now has the map of the cluster, so the next attempt finds the node.
	elsewhere = verdict{class: engine.Retryable, why: "another node of the cluster has the key"}
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
	"BUSY":        recovering, // a script is running
	"MISCONF":     failing,    // snapshots fail, so writes are refused
	"MOVED":       elsewhere,
	"ASK":         elsewhere,
	"WRONGPASS":   unauthorized,
	"NOAUTH":      unauthorized,
	"NOPERM":      unauthorized,
}

// redisFaults are the first parts of Redis' error answers without a word of their own.
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

// clusterDatabase is the error of a cluster address that ends in a database number.
const clusterDatabase = "a Redis cluster has no database but 0; remove the number at the end of the address"

// classifyRedis returns the class and text of an error of a command or a pipeline. It
// repeats only the first word of Redis' answers, because the rest may hold keys and
// arguments.
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

// isAnswer reports whether err is a server's answer.
func isAnswer(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// isMoved reports whether a server answered that another node of its cluster has the key.
func isMoved(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask
}
