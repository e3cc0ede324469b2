package sinks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
)

// verdict is what to do about an error, and what to tell the user.
type verdict struct {
	class engine.Class
	why   string
	quote bool // what the service says beside it names resources and permissions, never data
}

var (
	// More would be throttled too, so wait longer than after a failure.
	slowDown = verdict{class: engine.Throttled, why: "the service takes no more for now"}

	// The service is at fault and may do better next time.
	failing = verdict{class: engine.Retryable, why: "the service failed"}

	// The SDK fetches credentials and signs anew for the next attempt.
	expired = verdict{class: engine.Retryable, why: "the credentials or the signature had expired"}

	// A stream or key that is being created or changed is ready in a while.
	notYet = verdict{class: engine.Retryable, why: "the destination is being created or changed"}

	// Permissions do not change within an invocation; if they do after it, Lambda's
	// own retry finds them changed.
	denied = verdict{class: engine.Permanent, why: "access is denied: check credentials and permissions", quote: true}

	// What services say about signatures repeats what was signed, the session token
	// too, so it is not quoted.
	strangers = verdict{class: engine.Permanent, why: "the service does not know the credentials: check them, and that they are of this partition"}

	// Nothing comes into being within an invocation either.
	missing = verdict{class: engine.Permanent, why: "there is no such destination: create it, or correct name, region or account", quote: true}

	// The key is disabled, deleted or in another state that only its owner changes.
	keyless = verdict{class: engine.Permanent, why: "its encryption key cannot be used: enable the key, or grant its use", quote: true}

	// The destination is of a kind that does not take records this way.
	unfit = verdict{class: engine.Permanent, why: "the destination does not take records this way", quote: true}

	// The service refuses a request whole for one record. Halving the request finds
	// that record and lets the others through.
	invalid = verdict{class: engine.Refused, why: "the service refuses the record, or one of its request"}

	// The same, where the reason is known to be the size.
	oversize = verdict{class: engine.TooLarge, why: invalid.why}
)

// codes are the error codes of AWS services, without namespace and without
// "Exception" at the end, of requests and of single records.
var codes = map[string]verdict{
	"Throttling":                    slowDown,
	"Throttled":                     slowDown,
	"RequestThrottled":              slowDown,
	"TooManyRequests":               slowDown,
	"RequestLimitExceeded":          slowDown,
	"LimitExceeded":                 slowDown,
	"BandwidthLimitExceeded":        slowDown,
	"SlowDown":                      slowDown,
	"ProvisionedThroughputExceeded": slowDown, // Kinesis: the shard's 1 MB or 1,000 records a second
	"KMSThrottling":                 slowDown,
	"KmsThrottled":                  slowDown,
	"ServiceUnavailable":            slowDown, // Firehose: the delivery stream's throughput
	"EC2Throttled":                  slowDown, // Lambda

	"InternalFailure":        failing,
	"InternalError":          failing,
	"InternalServerError":    failing,
	"RequestTimeout":         failing,
	"ConcurrentModification": failing,

	"ExpiredToken":          expired,
	"RequestExpired":        expired,
	"RequestTimeTooSkewed":  expired,
	"InvalidSignature":      expired, // "Signature expired", after a frozen function thaws
	"SignatureDoesNotMatch": expired, // the same in the query protocol

	"ResourceInUse":    notYet,
	"ResourceConflict": notYet, // Lambda, as the next
	"ResourceNotReady": notYet,

	"AccessDenied":          denied,
	"AuthorizationError":    denied,
	"NotAuthorized":         denied,
	"Unauthorized":          denied, // IoT
	"UnauthorizedOperation": denied,
	"OptInRequired":         denied,

	"InvalidClientTokenId":       strangers,
	"UnrecognizedClient":         strangers,
	"MissingAuthenticationToken": strangers,
	"IncompleteSignature":        strangers,
	"InvalidSecurity":            strangers,

	"ResourceNotFound":     missing,
	"NotFound":             missing,
	"QueueDoesNotExist":    missing,
	"NonExistentQueue":     missing,
	"QueueDeletedRecently": missing,
	"InvalidAddress":       missing,

	"KMSAccessDenied":    keyless,
	"KMSDisabled":        keyless,
	"KMSInvalidState":    keyless,
	"KMSNotFound":        keyless,
	"KMSOptInRequired":   keyless,
	"KmsAccessDenied":    keyless,
	"KmsDisabled":        keyless,
	"KmsInvalidKeyUsage": keyless,
	"KmsInvalidState":    keyless,
	"KmsNotFound":        keyless,
	"KmsOptInRequired":   keyless,
	"InvalidKMSResource": keyless,

	"InvalidSource":        unfit, // Firehose: the stream takes records from another source only
	"UnsupportedOperation": unfit,
	"UnknownOperation":     unfit,
	"EndpointDisabled":     unfit,
	"MethodNotAllowed":     unfit, // IoT: the endpoint is another's
	"RecursiveInvocation":  unfit, // Lambda: the function calls itself through others
	"ModeNotSupported":     unfit, // Lambda

	"Validation":             invalid,
	"ValidationError":        invalid,
	"InvalidArgument":        invalid,
	"InvalidParameter":       invalid,
	"InvalidParameterValue":  invalid,
	"ParameterValueInvalid":  invalid,
	"MissingParameter":       invalid,
	"InvalidMessageContents": invalid,
	"InvalidAttributeValue":  invalid,
	"Serialization":          invalid,
	"BatchRequestTooLong":    oversize,
	"RequestEntityTooLarge":  oversize,
	"RequestTooLarge":        oversize, // Lambda, as the next
	"InvalidRequestContent":  invalid,
	"InvalidRequest":         invalid, // IoT
}

// statuses are for answers that have no code above, from the service or from what
// stands before it.
var statuses = map[int]verdict{
	http.StatusRequestTimeout:        failing,
	http.StatusTooManyRequests:       slowDown,
	http.StatusInternalServerError:   failing,
	http.StatusBadGateway:            failing,
	http.StatusServiceUnavailable:    slowDown,
	http.StatusGatewayTimeout:        failing,
	http.StatusRequestEntityTooLarge: oversize,
	http.StatusUnauthorized:          denied,
	http.StatusForbidden:             denied,
	http.StatusNotFound:              missing,
}

// maxDetail bounds what an error repeats of a message from outside, in bytes.
const maxDetail = 240

// classify says what to do about the error of a whole request to sink, which the
// sentence begins with.
func classify(sink string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		// The request may have arrived all the same; sending it again is the only
		// way to be sure that it has.
		return engine.Errorf(engine.Retryable, "%s: the attempt was cut short, so what arrived is unknown", sink)
	}
	if known, ok := errors.AsType[*engine.Error](err); ok {
		// Credentials, of which the one who gives them knows more.
		return &engine.Error{Class: known.Class, After: known.After, Err: fmt.Errorf("%s: %w", sink, known.Err)}
	}
	if call := innermostCall(err); call != "" {
		sink += ", " + call
	}
	status, header := response(err)
	var e *engine.Error
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() != codeless {
		v := verdictOf(api.ErrorCode(), status)
		if v.class == engine.Refused && tooLong(api.ErrorMessage()) {
			v = oversize
		}
		e = say(sink, api.ErrorCode(), api.ErrorMessage(), v)
	} else if v, ok := statuses[status]; ok {
		e = say(sink, "HTTP status "+strconv.Itoa(status), "", v)
	} else {
		e = unexplained(sink, err, status != 0)
	}
	e.After = retryAfter(header, time.Now())
	return e
}

// codeless is what the SDK makes of an error answer without a code.
const codeless = "UnknownError"

// response returns status and header of the response that err comes with; 0 and nil
// if there was none, for which the SDK puts in an empty one.
func response(err error) (status int, header http.Header) {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || e.Response == nil || e.Response.Response == nil {
		return 0, nil
	}
	return e.Response.StatusCode, e.Response.Header
}

// unexplained is for errors that no code and no status explains. They leave open
// what arrived, or may pass, so they are worth another attempt.
func unexplained(sink string, err error, answered bool) *engine.Error {
	if answered {
		return sentence(engine.Retryable, sink, "the answer could not be read, so what arrived is unknown")
	}
	if broken, ok := errors.AsType[*url.Error](err); ok {
		return sentence(engine.Retryable, sink, "the connection failed, so what arrived is unknown", trim(broken.Err.Error()))
	}
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		err = call.Err
	}
	return sentence(engine.Retryable, sink, "the request failed", trim(err.Error()))
}

// classifyCode says what to do about a record that was refused with code.
func classifyCode(sink, code string) error {
	return say(sink, code, "", alone(verdictOf(code, 0)))
}

// classifyEntry is classifyCode for entries of SQS and SNS. A fault of the sender
// that is not known to pass would be refused again.
func classifyEntry(sink, code, message string, senderFault bool) error {
	v, known := codes[bare(code)]
	switch {
	case known && v.class == engine.Refused && tooLong(message):
		v = oversize
	case !known && senderFault:
		v = invalid
	case !known:
		v = failing
	}
	return say(sink, code, message, alone(v))
}

// alone turns the verdict on a request into that on one of its records: there is
// nothing to halve.
func alone(v verdict) verdict {
	switch v.class {
	case engine.Refused:
		v.class, v.why = engine.Permanent, "the service refuses the record"
	case engine.TooLarge:
		v.why = "the record is larger than the destination takes"
	case engine.Retryable, engine.Throttled, engine.Permanent:
	}
	return v
}

// tooLong reports whether a message about an invalid parameter says that a message
// is longer than its queue or topic takes. It must be the whole reason, since
// such messages may repeat a value:
//
//	One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.
//	Invalid parameter: Message too long
func tooLong(message string) bool {
	if message == "Invalid parameter: Message too long" {
		return true
	}
	reason, ok := strings.CutPrefix(message, "One or more parameters are invalid. Reason: Message must be shorter than ")
	digits, end := strings.CutSuffix(strings.TrimSuffix(reason, "."), " bytes")
	return ok && end && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// verdictOf finds what code, or else status, means. What is known to nobody may
// pass.
func verdictOf(code string, status int) verdict {
	if v, ok := codes[bare(code)]; ok {
		return v
	}
	if v, ok := statuses[status]; ok {
		v.quote = false // who knows what an unknown error repeats
		return v
	}
	return failing
}

// bare returns an error code without what differs between protocols:
// AWS.SimpleQueueService.NonExistentQueue, com.amazonaws.sqs#QueueDoesNotExist,
// ThrottlingException.
func bare(code string) string {
	code = code[strings.LastIndexAny(code, ".#")+1:]
	return strings.TrimSuffix(code, "Exception")
}

// say makes the error of a verdict on a code. Of the service's message it takes
// what cannot hold data.
func say(sink, code, message string, v verdict) *engine.Error {
	detail := ""
	switch {
	case v.quote:
		detail = trim(message)
	case v.class == engine.Refused || v.class == engine.TooLarge || v.class == engine.Permanent:
		detail = trim(constraint(message))
	}
	return sentence(v.class, sink, trim(code), v.why, detail)
}

// sentence joins the parts that are not empty.
func sentence(class engine.Class, parts ...string) *engine.Error {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return &engine.Error{Class: class, Err: errors.New(strings.Join(kept, ": "))}
}

// constraint returns the part of a message about a bad parameter that tells which
// rule was broken. Services write the value before it:
//
//	Value '…' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must …
//	Value … for parameter MessageGroupId is invalid. Reason: …
//
// A value may hold anything, these words too, so what counts is the last of them.
func constraint(message string) string {
	i := max(strings.LastIndex(message, "' at '"), strings.LastIndex(message, "Reason: "))
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(message[i:], "' ")
}

// trim makes s fit for one sentence.
func trim(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}

// innermostCall names the API call that failed if it is not the one that was made:
// credentials are fetched on the way, with AssumeRole.
func innermostCall(err error) string {
	outer, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return ""
	}
	inner, ok := errors.AsType[*smithy.OperationError](outer.Err)
	if !ok {
		return ""
	}
	return inner.ServiceID + " " + inner.OperationName
}

// maxAfter bounds how long a service can ask to wait: a Lambda invocation's length.
const maxAfter = 15 * time.Minute

// retryAfter returns how long a response asks to wait: Retry-After in seconds or as
// a date (RFC 9110, section 10.2.3), or x-amz-retry-after in milliseconds, as newer
// AWS services write it. 0: it does not ask.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait := time.Duration(0)
	if ms, err := strconv.ParseUint(h.Get("X-Amz-Retry-After"), 10, 31); err == nil {
		wait = time.Duration(ms) * time.Millisecond
	} else if s, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31); err == nil {
		wait = time.Duration(s) * time.Second
	} else if date, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxAfter)
}
