package lambda

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/smithy-go/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine/plain"
)

// NewLogger returns a logger that writes one JSON object per line. It also escapes
// characters that act on a terminal. JSON leaves many of them unescaped.
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

// requestID returns the field of log lines that identifies the invocation, as Lambda's own
// lines do. Outside of Lambda there is none.
func requestID(ctx context.Context) zap.Field {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return zap.String("requestId", c.AwsRequestID)
	}
	return zap.Skip()
}
