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

// attempt watches one call, to tell what became of it if it fails.
type attempt struct {
	reused  atomic.Bool // it went out on a connection of an earlier call
	written atomic.Bool // all of it
}

// watch returns a context for the call.
func (a *attempt) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			a.reused.Store(c.Reused)
			a.written.Store(false)
		},
		WroteRequest: func(w httptrace.WroteRequestInfo) { a.written.Store(w.Err == nil) },
	})
}

// fate is what became of a call.
type fate uint8

const (
	taken   fate = iota // CloudWatch has the metrics
	kept                // it has not, and may have them later
	refused             // it has not, and never takes them
	unsure              // it may have them
)

// fate returns what became of a call that ended with err.
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
		// The service closed the connection while it was idle, as happens when
		// Lambda has the process frozen.
		return kept
	}
	return unsure
}

// passing reports whether an answer with status 400 is about the moment or the
// credentials, not about the metrics themselves, which would be refused again and hold
// up all others (CloudWatch API reference, Common errors).
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

// interrupted reports whether err says that an answer was not waited for.
func interrupted(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout() || errors.Is(err, context.Canceled)
}
