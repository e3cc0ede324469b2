package poll

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// quiet is how long a repeated message is not logged.
const quiet = time.Minute

// Warner logs warnings, each message once a minute at most. It is safe for concurrent use.
type Warner struct {
	log  *zap.Logger
	mu   sync.Mutex
	last map[string]time.Time // when each message was last logged
}

// NewWarner returns a Warner that writes to log.
func NewWarner(log *zap.Logger) *Warner {
	return &Warner{log: log, last: make(map[string]time.Time)}
}

// Warn logs a message, unless it was logged less than a minute ago.
func (w *Warner) Warn(msg string, fields ...zap.Field) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.last[msg]; ok && time.Since(last) < quiet {
		return
	}
	w.last[msg] = time.Now()
	w.log.Warn(msg, fields...)
}
