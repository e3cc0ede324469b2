package lambda

import (
	"encoding/json"
	"io"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine/plain"
)

// StandardLog returns what the standard logger, without flags, is to write to, so that
// the log in w is JSON. The Lambda runtime's own lines are, and pass. Others come from
// libraries: each becomes a warning.
func StandardLog(w io.Writer) io.Writer {
	return standardLog{plain.Writer{W: w}, NewLogger(w, zapcore.WarnLevel)}
}

type standardLog struct {
	w   io.Writer
	log *zap.Logger
}

// Write takes one line.
func (s standardLog) Write(line []byte) (int, error) {
	if json.Valid(line) {
		return s.w.Write(line)
	}
	// net/http quotes what a server sent unasked, which may be records.
	text, _, _ := strings.Cut(strings.TrimSpace(string(line)), " starting with ")
	s.log.Warn("a library reports", zap.String("message", text))
	return len(line), nil
}
