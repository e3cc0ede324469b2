package redis

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"fanout/engine"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/classify"
)

var (
	// A cluster finishes an election, a move of slots or a load within seconds.
	recovering = classify.Verdict{Class: engine.Retryable, Why: "the server or its cluster is not ready"}

	// A server that was a primary until now answers this as a replica; the client
	// reconnects.
	replica = classify.Verdict{Class: engine.Retryable, Why: "the server is a replica: if this lasts, write the address of the primary"}

	// The client now has the map of the cluster, so the next attempt finds the node.
	elsewhere = classify.Verdict{Class: engine.Retryable, Why: "another node of the cluster has the key"}
)

// verdictsByCode are the first words of Redis' error answers.
var verdictsByCode = map[string]classify.Verdict{
	"OOM":         classify.OutOfMemory,
	"READONLY":    replica,
	"LOADING":     recovering,
	"CLUSTERDOWN": recovering,
	"MASTERDOWN":  recovering,
	"NOREPLICAS":  recovering,
	"TRYAGAIN":    recovering,
	"BUSY":        recovering,           // a script is running
	"MISCONF":     classify.ServerError, // snapshots fail, so writes are refused
	"MOVED":       elsewhere,
	"ASK":         elsewhere,
	"WRONGPASS":   classify.Unauthorized,
	"NOAUTH":      classify.Unauthorized,
	"NOPERM":      classify.Unauthorized,
}

// verdictsByAnswer are the first parts of Redis' error answers without a word of their own.
var verdictsByAnswer = []struct {
	answer string
	classify.Verdict
}{
	{"ERR max number of clients", classify.Throttled},
	{"ERR invalid password", classify.Unauthorized}, // before Redis 6
	{"ERR DB index", classify.Verdict{Class: engine.Permanent, Why: "the server has no database with that number: correct the end of the address"}},
	{"ERR SELECT is not allowed", classify.Verdict{Class: engine.Permanent, Why: clusterDatabase}},
	{"ERR This instance has cluster support disabled", classify.Verdict{Class: engine.Permanent, Why: "the address is for a cluster, but the server is not part of one: correct it"}},
}

// clusterDatabase is the error of a cluster address that ends in a database number.
const clusterDatabase = "a Redis cluster has only database 0; remove the number at the end of the address"

// classifyError returns the class and text of an error of a command or a pipeline. It
// repeats only the first word of Redis' answers, because the rest may hold keys and
// arguments.
func classifyError(sink string, err error) error {
	if errors.Is(err, redis.Nil) {
		return classify.Unacknowledged(sink)
	}
	e, ok := errors.AsType[redis.Error](err)
	if !ok {
		return cache.Disconnected(sink, err)
	}
	answer := e.Error()
	for _, f := range verdictsByAnswer {
		if strings.HasPrefix(answer, f.answer) {
			return f.Explain(sink, "ERR", "")
		}
	}
	code, _, _ := strings.Cut(answer, " ")
	if v, known := verdictsByCode[code]; known {
		return v.Explain(sink, code, "")
	}
	return classify.ServerError.Explain(sink, "ERR", "")
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
