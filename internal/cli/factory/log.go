package factory

import (
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine/plain"
	"fanout/internal/awserr"
	"fanout/internal/cli/ui"
	"fanout/lambda"
)

// Logger writes warnings to w, as sentences; with --debug it writes everything, as the
// function does. Failures are in the table, so they are not repeated here.
func (c *Factory) Logger(w io.Writer) *zap.Logger {
	if c.Debug {
		log.SetOutput(lambda.StandardLog(w))
		return lambda.NewLogger(w, zapcore.DebugLevel)
	}
	return zap.New(warnings{w: zapcore.Lock(zapcore.AddSync(w))})
}

// warnings is a zapcore.Core that writes one sentence for each warning.
type warnings struct {
	w      zapcore.WriteSyncer
	fields []zapcore.Field
}

func (c warnings) Enabled(l zapcore.Level) bool { return l == zapcore.WarnLevel }

func (c warnings) Sync() error { return nil }

func (c warnings) With(fields []zapcore.Field) zapcore.Core {
	return warnings{c.w, slices.Concat(c.fields, fields)}
}

func (c warnings) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c warnings) Write(e zapcore.Entry, fields []zapcore.Field) error {
	var about []string
	why := ""
	for _, f := range slices.Concat(c.fields, fields) {
		if f.Type == zapcore.SkipType {
			continue
		}
		if err, ok := f.Interface.(error); ok {
			why = ": " + ui.Indented(errors.New(awserr.Plain(err)))
			continue
		}
		m := zapcore.NewMapObjectEncoder()
		f.AddTo(m)
		about = append(about, plain.Line(fmt.Sprintf("%s %v", f.Key, m.Fields[f.Key])))
	}
	_, err := fmt.Fprintf(c.w, "fanout: warning: %s (%s)%s\n", plain.Line(e.Message), strings.Join(about, ", "), plain.Text(why))
	return err
}
