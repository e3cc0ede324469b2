package lambda

import (
	"fmt"
	"io"

	"github.com/aws/smithy-go/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine"
	"fanout/engine/plain"
)

// NewLogger returns a logger that writes one JSON object per line. It also escapes
// characters that act on a terminal, many of which JSON leaves unescaped.
func NewLogger(w io.Writer, level zapcore.Level) *zap.Logger {
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(zapcore.AddSync(plain.Writer{W: w})), level))
}

// sdkLogger returns a logger for the AWS SDK's own messages, at debug level because none is
// about records. The SDK's default logger would write lines that are not JSON.
func sdkLogger(log *zap.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		log.Debug("AWS SDK", zap.String("message", fmt.Sprintf(format, v...)))
	})
}

// logReport writes one line for each target.
func (h *Handler) logReport(r *Result) {
	for i := range r.Report.Targets {
		t := &r.Report.Targets[i]
		level, message := zapcore.InfoLevel, "delivered"
		switch {
		case t.Failed > 0:
			level, message = zapcore.ErrorLevel, "records failed"
		case t.Diverted > 0:
			level, message = zapcore.ErrorLevel, "records went to onFailure"
		case t.Already > 0 && t.Delivered == 0:
			message = "already delivered"
		}
		entry := h.log.Check(level, message)
		if entry == nil {
			continue
		}
		entry.Write(
			zap.String("target", t.ID), zap.String("type", r.Targets[i].Type.String()), zap.String("source", r.SourceARN),
			zap.Int("delivered", t.Delivered), zap.Int("already", t.Already), zap.Int("dropped", t.Dropped), zap.Int("diverted", t.Diverted), zap.Int("failed", t.Failed),
			zap.Int("requests", t.Requests), zap.Int("retries", t.Retries), zap.Int("throttled", t.Throttled),
			zap.Int64("bytes", t.Bytes), zap.Duration("took", t.Took),
			zap.Array("failures", failures{t.Failures, func(f *engine.Failure) string { return r.remedy(i, f) }}),
		)
	}
}

// failures logs the reasons of a target's failures.
type failures struct {
	reasons []engine.Failure
	remedy  func(*engine.Failure) string
}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (fs failures) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for i := range fs.reasons {
		f := &fs.reasons[i]
		err := enc.AppendObject(zapcore.ObjectMarshalerFunc(func(o zapcore.ObjectEncoder) error {
			o.AddString("error", f.Err.Error())
			o.AddString("class", engine.ClassOf(f.Err).String())
			o.AddInt("records", f.Count)
			o.AddBool("diverted", f.Diverted)
			o.AddString("shard", f.Lane)
			o.AddString("sequence", f.Seq)
			if remedy := fs.remedy(f); remedy != "" {
				o.AddString("remedy", remedy)
			}
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// remedy suggests a setting so that records that target t can never take do not hold up
// later records. It returns "" if there is no such setting.
func (r *Result) remedy(t int, f *engine.Failure) string {
	if f.Diverted || r.faulty[r.Targets[t].ID] || r.Targets[t].OnFailure != "" {
		return ""
	}
	switch engine.ClassOf(f.Err) {
	case engine.TooLarge:
		return "Lambda sends the record again until it expires; set onFailure to the target that is to take such records, or oversize to drop"
	case engine.Refused, engine.Permanent:
		return "Lambda sends the record again until it expires; set onFailure to the target that is to take such records"
	case engine.Retryable, engine.Throttled:
	}
	return ""
}
