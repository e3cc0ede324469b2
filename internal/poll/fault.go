package poll

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// fault is the meaning of an API error for the reader.
type fault uint8

const (
	transient   fault = iota // may succeed if tried again
	busy                     // like transient, and the stream certainly exists
	expired                  // the iterator is too old: take a new one
	trimmed                  // the requested record is past retention
	invalid                  // the service does not accept a parameter
	missing                  // no such stream, or no such shard
	denied                   // the caller lacks a permission
	credentials              // the caller's credentials are not accepted
	key                      // the stream's KMS key cannot be used
)

// faults maps the code of an API error to its meaning. It compares codes, not Go
// types, because neither service's module has a type for each.
var faults = map[string]fault{
	"ProvisionedThroughputExceededException": busy,
	"LimitExceededException":                 busy,
	"ThrottlingException":                    busy,
	"Throttling":                             busy,
	"RequestLimitExceeded":                   busy,
	"KMSThrottlingException":                 busy,
	"ResourceInUseException":                 busy, // the stream is being created or changed

	"ExpiredIteratorException":   expired,
	"TrimmedDataAccessException": trimmed,

	"InvalidArgumentException": invalid,
	"ValidationException":      invalid,

	"ResourceNotFoundException": missing,

	"AccessDeniedException": denied,
	"AccessDenied":          denied,
	"OptInRequired":         denied,

	"UnrecognizedClientException":         credentials,
	"InvalidClientTokenId":                credentials,
	"InvalidSignatureException":           credentials,
	"SignatureDoesNotMatch":               credentials,
	"IncompleteSignature":                 credentials,
	"IncompleteSignatureException":        credentials,
	"MissingAuthenticationToken":          credentials,
	"MissingAuthenticationTokenException": credentials,
	"ExpiredToken":                        credentials,
	"ExpiredTokenException":               credentials,

	"KMSAccessDeniedException": key,
	"KMSDisabledException":     key,
	"KMSInvalidStateException": key,
	"KMSNotFoundException":     key,
	"KMSOptInRequired":         key,
}

func faultOf(err error) fault {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return faults[e.ErrorCode()]
	}
	return transient
}

// permanentError returns the error that ends the run if a retry cannot help, or nil.
func permanentError(s source, err error) error {
	switch faultOf(err) {
	case missing:
		return fmt.Errorf("stream %s was not found; check its name, region and account: %w", s.arn(), reason(err))
	case denied:
		return fmt.Errorf("access to stream %s is denied; allow %s: %w", s.arn(), s.permissions(), reason(err))
	case credentials:
		return fmt.Errorf("the credentials were not accepted for stream %s; renew or correct them: %w", s.arn(), reason(err))
	case key:
		return fmt.Errorf("the KMS key of stream %s cannot be used; check its state and allow kms:Decrypt: %w", s.arn(), reason(err))
	default:
		return nil
	}
}

// reason removes the SDK's wrapping from the service's own error.
func reason(err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e
	}
	return err
}

// fatal is an error that ends the run, regardless of its kind.
type fatal struct{ error }

func (e *fatal) Unwrap() error { return e.error }
