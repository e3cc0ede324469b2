package lambda

import (
	"encoding/json"
	"io"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine/plain"
)

// StandardLog returns the writer for the standard logger, without flags, so that the log in
// w is all JSON. Lines of the Lambda runtime are JSON already and pass unchanged. Other
// lines come from libraries, and each becomes a warning.
func StandardLog(w io.Writer) io.Writer {
	return standardLog{plain.Writer{W: w}, NewLogger(w, zapcore.WarnLevel)}
}

type standardLog struct {
	w   io.Writer
	log *zap.Logger
}

// Write writes one line.
func (s standardLog) Write(line []byte) (int, error) {
	if json.Valid(line) {
		return s.w.Write(line)
	}
	// net/http quotes unexpected data from a server, which may contain records.
	text, _, _ := strings.Cut(strings.TrimSpace(string(line)), " starting with ")
	s.log.Warn("a library reports", zap.String("message", text))
	return len(line), nil
}
