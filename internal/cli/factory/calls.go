package factory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"go.uber.org/zap"

	"fanout/internal/cli/ui"
)

// AnswerTimeout bounds the wait for the first byte of AWS's answer, in each attempt of
// a managing call.
const AnswerTimeout = 15 * time.Second

// Watch reports the calls of cfg: a slow call if w is a terminal, and with --debug
// every call.
func (c *Factory) Watch(cfg *aws.Config, w io.Writer) {
	if _, ok := ui.TerminalWidth(w); ok {
		cfg.HTTPClient = &slowCallReporter{next: cfg.HTTPClient, w: w}
	}
	if c.Debug {
		log := c.Logger(w)
		cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error { return stack.Initialize.Add(callLog{log}, middleware.After) })
	}
}

// slowCallReporter reports, once, a slow answer.
type slowCallReporter struct {
	next aws.HTTPClient
	w    io.Writer
	once sync.Once
}

// slowCallDelay is the wait before a slow answer is reported.
const slowCallDelay = 3 * time.Second

// Do implements aws.HTTPClient.
func (n *slowCallReporter) Do(r *http.Request) (*http.Response, error) {
	waits := time.AfterFunc(slowCallDelay, func() {
		n.once.Do(func() { fmt.Fprintf(n.w, "waiting for %s to answer\n", r.URL.Host) })
	})
	defer waits.Stop()
	return n.next.Do(r)
}

// callLog logs calls without their contents.
type callLog struct{ log *zap.Logger }

// ID implements middleware.InitializeMiddleware.
func (callLog) ID() string { return "CallLog" }

// HandleInitialize implements middleware.InitializeMiddleware.
func (l callLog) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, metadata middleware.Metadata, err error,
) {
	begun := time.Now()
	out, metadata, err = next.HandleInitialize(ctx, in)
	fields := []zap.Field{
		zap.String("service", awsmiddleware.GetServiceID(ctx)), zap.String("operation", awsmiddleware.GetOperationName(ctx)),
		zap.String("region", awsmiddleware.GetRegion(ctx)), zap.Int64("ms", time.Since(begun).Milliseconds()),
	}
	id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && id == "" {
		id = answer.ServiceRequestID()
	}
	if id != "" {
		fields = append(fields, zap.String("requestId", id))
	}
	if attempts, ok := retry.GetAttemptResults(metadata); ok {
		fields = append(fields, zap.Int("attempts", len(attempts.Results)))
	}
	if err != nil {
		code := "none"
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			code = api.ErrorCode() // its message may repeat request data
		}
		fields = append(fields, zap.String("error", code))
	}
	l.log.Debug("call", fields...)
	return out, metadata, err
}
