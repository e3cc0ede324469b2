package metrics

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attempt observes one call, to find its fate if it fails.
type attempt struct {
	reused  atomic.Bool // the call used an existing connection
	written atomic.Bool // the request was written completely
}

// watch returns a context for the call that records its progress.
func (a *attempt) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			a.reused.Store(c.Reused)
			a.written.Store(false)
		},
		WroteRequest: func(w httptrace.WroteRequestInfo) { a.written.Store(w.Err == nil) },
	})
}

// fate is the outcome of a call.
type fate uint8

const (
	taken   fate = iota // CloudWatch has the metrics
	kept                // CloudWatch does not have them, and a retry may succeed
	refused             // CloudWatch does not have them, and will never accept them
	unsure              // CloudWatch may have them
)

// fate returns the outcome of a call that ended with err.
func (a *attempt) fate(err error) fate {
	if err == nil {
		return taken
	}
	status := 0
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = e.HTTPStatusCode()
	}
	switch {
	case 200 <= status && status < 300:
		return taken // but the answer could not be read
	case status == http.StatusBadRequest && !passing(err), status == http.StatusRequestEntityTooLarge:
		return refused
	case status != 0 || !a.written.Load():
		return kept
	case a.reused.Load() && !interrupted(err):
		// The service closed the idle connection, as happens while Lambda has the process
		// frozen.
		return kept
	}
	return unsure
}

// passing reports whether an answer with status 400 is about a temporary condition or the
// credentials. Otherwise it is about the metrics, which would be refused again and hold up
// all others (CloudWatch API reference, Common errors).
func passing(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return true
	}
	_, throttled := retry.DefaultThrottleErrorCodes[e.ErrorCode()]
	return throttled || slices.Contains([]string{
		"AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId",
		"InvalidSignatureException", "MissingAuthenticationToken", "NotAuthorized", "OptInRequired", "RequestExpired", "SignatureDoesNotMatch",
		"UnrecognizedClientException",
	}, e.ErrorCode())
}

// interrupted reports whether err means that the wait for an answer was cut short.
func interrupted(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout() || errors.Is(err, context.Canceled)
}
