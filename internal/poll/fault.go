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
	missing                  // no such stream, shard or queue
	denied                   // the caller lacks a permission
	credentials              // the caller's credentials are not accepted
	key                      // the KMS key of the stream or queue cannot be used
)

// faults maps the code of an API error to its meaning. It compares codes, not Go
// types, because no service's module has a type for each.
var faults = map[string]fault{
	"ProvisionedThroughputExceededException": busy,
	"LimitExceededException":                 busy,
	"ThrottlingException":                    busy,
	"Throttling":                             busy,
	"RequestLimitExceeded":                   busy,
	"KMSThrottlingException":                 busy,
	"ResourceInUseException":                 busy, // the stream is being created or changed
	"RequestThrottled":                       busy,
	"KmsThrottled":                           busy,
	"OverLimit":                              busy, // too many messages are in flight

	"ExpiredIteratorException":   expired,
	"TrimmedDataAccessException": trimmed,

	"InvalidArgumentException": invalid,
	"ValidationException":      invalid,

	"ResourceNotFoundException":               missing,
	"QueueDoesNotExist":                       missing,
	"InvalidAddress":                          missing, // of a queue
	"AWS.SimpleQueueService.NonExistentQueue": missing, // its code in the query protocol

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

	"KmsAccessDenied":          key,
	"KmsDisabled":              key,
	"KmsInvalidKeyUsage":       key,
	"KmsInvalidState":          key,
	"KmsNotFound":              key,
	"KmsOptInRequired":         key,
	"KMSAccessDeniedException": key,
	"KMSDisabledException":     key,
	"KMSInvalidStateException": key,
	"KMSNotFoundException":     key,
	"KMSOptInRequired":         key,
}

func faultOf(err error) fault {
	if e, ok := errors.AsType[*topicError](err); ok {
		return e.fault
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return faults[e.ErrorCode()]
	}
	return transient
}

// permanentError is [Permanent] for a stream.
func permanentError(s source, err error) error {
	return Permanent(named(s.arn()), s.permissions(), err)
}

// Permanent returns the error that ends the reading of a source if a retry cannot help, or
// nil. permissions are the IAM actions that reading needs.
func Permanent(source, permissions string, err error) error {
	switch faultOf(err) {
	case missing:
		return fmt.Errorf("%s was not found; check its name, region and account: %w", source, reason(err))
	case denied:
		return fmt.Errorf("access to %s is denied; allow %s: %w", source, permissions, reason(err))
	case credentials:
		return fmt.Errorf("the credentials were not accepted for %s; renew or correct them: %w", source, reason(err))
	case key:
		return fmt.Errorf("the KMS key of %s cannot be used; check its state and allow kms:Decrypt: %w", source, reason(err))
	default:
		return nil
	}
}

// Busy reports whether the service refused a call for now, so what it names certainly exists.
func Busy(err error) bool { return faultOf(err) == busy }

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
