package poll

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// fault is what an error of the stream's API means for the reader.
type fault uint8

const (
	transient   fault = iota // may succeed if tried again
	busy                     // the same, and it is certain that the stream is there
	expired                  // the iterator is too old: take a new one
	trimmed                  // the record that was asked for is past retention
	invalid                  // the service does not accept a parameter
	missing                  // no such stream, or no such shard
	denied                   // the caller lacks a permission
	credentials              // the caller's credentials are not accepted
	key                      // the stream's KMS key cannot be used
)

// faults tells by its code what an API error means. Codes are compared rather than
// Go types because neither service's module has a type for each.
var faults = map[string]fault{
	"ProvisionedThroughputExceededException": busy,
	"LimitExceededException":                 busy,
	"ThrottlingException":                    busy,
	"Throttling":                             busy,
	"RequestLimitExceeded":                   busy,
	"KMSThrottlingException":                 busy,
	"ResourceInUseException":                 busy, // the stream is being made or changed

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

// hopeless returns the error that ends the run if err cannot heal, or nil.
func hopeless(s source, err error) error {
	switch faultOf(err) {
	case missing:
		return fmt.Errorf("stream %s was not found; check its name, region and account: %w", s.arn(), reason(err))
	case denied:
		return fmt.Errorf("stream %s may not be read; allow %s: %w", s.arn(), s.permissions(), reason(err))
	case credentials:
		return fmt.Errorf("the credentials were not accepted for stream %s; renew or correct them: %w", s.arn(), reason(err))
	case key:
		return fmt.Errorf("the KMS key of stream %s cannot be used; check its state and allow kms:Decrypt: %w", s.arn(), reason(err))
	default:
		return nil
	}
}

// reason strips what the SDK wraps around the service's own words.
func reason(err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e
	}
	return err
}

// fatal is an error that ends the run whatever its kind.
type fatal struct{ error }

func (e *fatal) Unwrap() error { return e.error }
