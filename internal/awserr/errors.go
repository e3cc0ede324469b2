// Package awserr tells what an error of an AWS call means, and says it in one sentence.
package awserr

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine/plain"
)

// Plain returns the text of err in one sentence if an SDK call failed: which call, why,
// and what to do.
func Plain(err error) string {
	op, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return err.Error()
	}
	return strings.Replace(err.Error(), op.Error(), plain.Line(sentence(op)), 1)
}

func sentence(op *smithy.OperationError) string {
	call := op.Service() + " " + op.Operation()
	if inner, ok := errors.AsType[*smithy.OperationError](op.Err); ok {
		return sentence(inner) // for example a role that could not be assumed
	}
	if strange, ok := answeredByOther(op.Err); ok {
		return call + " " + strange.Error()
	}
	api, ok := errors.AsType[smithy.APIError](op.Err)
	if !ok && IsDenied(op) {
		return fmt.Sprintf("AWS does not allow %s; ask for the right to call it", call)
	}
	if !ok {
		return call + " " + unanswered(op.Err)
	}
	code := api.ErrorCode()
	switch {
	case IsDenied(op):
		return fmt.Sprintf("AWS does not allow %s (%s); ask for the right to call it", call, code)
	case RefusesCredentials(op):
		return fmt.Sprintf("AWS refuses the credentials (%s); renew them, or name other credentials with --profile", code)
	case IsThrottled(op):
		return fmt.Sprintf("AWS throttles %s (%s); try again in a minute", call, code)
	}
	return fmt.Sprintf("%s failed: %s (%s)", call, strings.TrimSuffix(api.ErrorMessage(), "."), code)
}

// answeredByOther finds an answer that does not come from AWS: it is not the JSON or
// XML of the service, or its error has no code. IsDenied judges refusals for lack of
// rights.
func answeredByOther(err error) (*NotAWS, bool) {
	if e, ok := errors.AsType[*NotAWS](err); ok {
		return e, true
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || IsDenied(err) {
		return nil, false
	}
	_, unreadable := errors.AsType[*smithy.DeserializationError](err)
	if _, ok := errors.AsType[*xml.SyntaxError](err); ok { // in the answer to a failed call
		unreadable = true
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		unreadable = api.ErrorCode() == "UnknownError" || api.ErrorCode() == ""
	}
	if !unreadable {
		return nil, false
	}
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.Response != nil {
		return NotAWSFrom(answer.Response.Response), true
	}
	return new(NotAWS), true
}

// unanswered says why a call got no answer.
func unanswered(err error) string {
	if strings.HasPrefix(err.Error(), "get identity:") {
		why := err
		for e := err; e != nil; e = errors.Unwrap(e) {
			why = e
		}
		if strings.Contains(why.Error(), "no AWS credentials") {
			return "was not sent: " + why.Error()
		}
		return "was not sent, because there are no usable AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		at, parseErr := url.Parse(u.URL)
		switch {
		case parseErr != nil:
		case u.Timeout():
			return fmt.Sprintf("got no answer from %s in time; check --region, --endpoint-url and the network", at.Host)
		default:
			return fmt.Sprintf("got no answer from %s (%v); check --region, --endpoint-url and the network", at.Host, innermost(u.Err))
		}
	}
	return fmt.Sprintf("failed: %v", innermost(err))
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// IsUnanswered reports whether a call got no answer at all: no server is there, or it
// is silent.
func IsUnanswered(err error) bool {
	_, tried := errors.AsType[*url.Error](err)
	return tried || errors.Is(err, context.DeadlineExceeded)
}

// HasCode reports whether a service answered with one of these error codes.
func HasCode(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, api.ErrorCode())
}

// IsDenied reports whether the caller has no right to make the call. A proxy in between
// may refuse in words that are not the service's.
func IsDenied(err error) bool {
	if _, ok := errors.AsType[smithy.APIError](err); !ok {
		answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
		return ok && answer.HTTPStatusCode() == http.StatusForbidden
	}
	return HasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized",
		"AuthorizationErrorException", "NotAuthorizedException", "UnauthorizedException")
}

// RefusesCredentials reports whether the credentials are invalid or have expired.
func RefusesCredentials(err error) bool {
	return HasCode(err, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
		"ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException")
}

// IsThrottled reports whether the service received too many calls.
func IsThrottled(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	_, ok = retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	return ok
}

// IsMissing reports whether the subject of the call does not exist.
func IsMissing(err error) bool {
	return HasCode(err, "ResourceNotFoundException", "ResourceNotFound", "NoSuchEntity", "NoSuchEntityException", "NotFound", "NotFoundException",
		"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
		"CacheClusterNotFound", "CacheClusterNotFoundFault", "ReplicationGroupNotFoundFault", "ServerlessCacheNotFoundFault")
}

// IsRefused reports whether the service refused the call, so that it did nothing. It is
// false if the call got no answer or the server failed: the call may have taken effect.
func IsRefused(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorFault() == smithy.FaultServer {
		return false
	}
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return !ok || answer.HTTPStatusCode() < http.StatusInternalServerError
}
