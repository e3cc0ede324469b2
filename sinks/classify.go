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

// verdict is the class of an error and the text for the user.
type verdict struct {
	class engine.Class
	why   string
	quote bool // the service's message names resources and permissions, never data
}

var (
	// More requests would be throttled too, so the wait is longer than after a failure.
	slowDown = verdict{class: engine.Throttled, why: "the service takes no more for now"}

	// The service is at fault and may recover.
	failing = verdict{class: engine.Retryable, why: "the service failed"}

	// The SDK gets new credentials and a new signature for the next attempt.
	expired = verdict{class: engine.Retryable, why: "the credentials or the signature had expired"}

	// A stream or key that is being created or changed will be ready soon.
	notYet = verdict{class: engine.Retryable, why: "the destination is being created or changed"}

	// Permissions do not change within an invocation. If they change later, Lambda's own
	// retry uses the new ones.
	denied = verdict{class: engine.Permanent, why: "access is denied: check credentials and permissions", quote: true}

	// Messages about signatures repeat the signed text, including the session token, so
	// they are not quoted.
	strangers = verdict{class: engine.Permanent, why: "the service does not know the credentials: check them, and that they are of this partition"}

	// A destination does not appear within an invocation either.
	missing = verdict{class: engine.Permanent, why: "there is no such destination: create it, or correct name, region or account", quote: true}

	// The key is disabled, deleted or in another state that only its owner can change.
	keyless = verdict{class: engine.Permanent, why: "its encryption key cannot be used: enable the key, or grant its use", quote: true}

	// This kind of destination does not take records this way.
	unfit = verdict{class: engine.Permanent, why: "the destination does not take records this way", quote: true}

	// The service refuses a whole request because of one record. Halving the request
	// finds that record and lets the others through.
	invalid = verdict{class: engine.Refused, why: "the service refuses the record, or one of its request"}

	// A cache's values expire or are evicted. The owner may also add memory.
	full = verdict{class: engine.Retryable, why: "the server's memory is full and it evicts nothing: give it more, a ttl, or an eviction policy"}

	// A cache's passwords do not change within an invocation. If they change later,
	// Lambda's own retry uses the new one.
	unauthorized = verdict{class: engine.Permanent, why: "access is denied: check user, password, and what the user may do"}

	// Same as invalid, but the reason is the size.
	oversize = verdict{class: engine.TooLarge, why: invalid.why}
)

// codes are the error codes of AWS services, for requests and for single records. They
// have no namespace and no "Exception" at the end.
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
	"ServiceUnavailable":            slowDown, // Firehose: the throughput limit of the delivery stream
	"EC2Throttled":                  slowDown, // Lambda

	"InternalFailure":        failing,
	"InternalError":          failing,
	"InternalServerError":    failing,
	"RequestTimeout":         failing,
	"ConcurrentModification": failing,

	"ExpiredToken":          expired,
	"RequestExpired":        expired,
	"RequestTimeTooSkewed":  expired,
	"InvalidSignature":      expired, // "Signature expired", after a frozen function resumes
	"SignatureDoesNotMatch": expired, // the same in the query protocol

	"ResourceInUse":    notYet,
	"ResourceConflict": notYet, // Lambda, like the next
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

	"InvalidSource":        unfit, // Firehose: the stream takes records only from another source
	"UnsupportedOperation": unfit,
	"UnknownOperation":     unfit,
	"EndpointDisabled":     unfit,
	"MethodNotAllowed":     unfit, // IoT: the endpoint belongs to another service
	"RecursiveInvocation":  unfit, // Lambda: the function calls itself, directly or not
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
	"RequestTooLarge":        oversize, // Lambda, like the next
	"InvalidRequestContent":  invalid,
	"InvalidRequest":         invalid, // IoT
}

// statuses are for answers without a known code, from the service or from a proxy in
// front of it.
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

// maxDetail is the limit, in bytes, of the part of a message that an error repeats.
const maxDetail = 240

// classify returns the class and text of an error of a whole request to sink. The text
// begins with sink.
func classify(sink string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		// The request may have arrived. Only another attempt makes sure of it.
		return engine.Errorf(engine.Retryable, "%s: the attempt was cut short, so what arrived is unknown", sink)
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		// The error comes from the credentials, and their provider knows the right class.
		return &engine.Error{Class: e.Class, After: e.After, Err: fmt.Errorf("%s: %w", sink, e.Err)}
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

// codeless is the SDK's code for an error answer without a code.
const codeless = "UnknownError"

// response returns status and header of the response in err, or 0 and nil if there was
// none. In that case the SDK adds an empty response.
func response(err error) (status int, header http.Header) {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || e.Response == nil || e.Response.Response == nil {
		return 0, nil
	}
	return e.Response.StatusCode, e.Response.Header
}

// unexplained is for errors without a known code or status. The records may have arrived,
// or the error may pass, so another attempt is worthwhile.
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

// classifyCode returns the error of a record that was refused with code.
func classifyCode(sink, code string) error {
	return say(sink, code, "", alone(verdictOf(code, 0)))
}

// classifyEntry is classifyCode for entries of SQS and SNS. The service would refuse a
// sender fault again, so it is permanent unless it is known to pass.
func classifyEntry(sink, code, message string, senderFault bool) error {
	v, named := codes[bare(code)]
	switch {
	case named && v.class == engine.Refused && tooLong(message):
		v = oversize
	case !named && senderFault:
		v = invalid
	case !named:
		v = failing
	}
	return say(sink, code, message, alone(v))
}

// alone turns the verdict on a request into the verdict on one record, which cannot be
// halved.
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
// exceeds the limit of its queue or topic. It compares the whole reason, because such
// messages may repeat a value:
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

// verdictOf returns the verdict for code, or else for status. Unknown errors may pass, so
// they are worth another attempt.
func verdictOf(code string, status int) verdict {
	if v, ok := codes[bare(code)]; ok {
		return v
	}
	if v, ok := statuses[status]; ok {
		v.quote = false // an unknown error may repeat data
		return v
	}
	return failing
}

// isCode reports whether code is an error code of AWS.
func isCode(code string) bool {
	_, ok := codes[bare(code)]
	return ok
}

// ofStatus returns the verdict for an HTTP status, if it has one.
func ofStatus(status int) (verdict, bool) {
	v, ok := statuses[status]
	return v, ok
}

// bare returns an error code without the parts that differ between protocols, as in
// AWS.SimpleQueueService.NonExistentQueue, com.amazonaws.sqs#QueueDoesNotExist and
// ThrottlingException.
func bare(code string) string {
	code = code[strings.LastIndexAny(code, ".#")+1:]
	return strings.TrimSuffix(code, "Exception")
}

// say returns the error for the verdict on a code. From the service's message it takes
// only parts that cannot hold data.
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

// sentence joins the nonempty parts.
func sentence(class engine.Class, parts ...string) *engine.Error {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return &engine.Error{Class: class, Err: errors.New(strings.Join(kept, ": "))}
}

// constraint returns the part of a message about a bad parameter that names the broken
// rule. Services write the value before it:
//
//	Value '…' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must …
//	Value … for parameter MessageGroupId is invalid. Reason: …
//
// A value may hold anything, including these words, so the last match counts.
func constraint(message string) string {
	i := max(strings.LastIndex(message, "' at '"), strings.LastIndex(message, "Reason: "))
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(message[i:], "' ")
}

// trim shortens s to fit into one sentence.
func trim(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}

// innermostCall returns the API call that failed if it differs from the call that the
// sink made: the SDK gets credentials on the way, with AssumeRole.
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

// maxAfter is the longest wait that a service can ask for: the length of a Lambda
// invocation.
const maxAfter = 15 * time.Minute

// retryAfter returns the wait that a response asks for: Retry-After in seconds or as a
// date (RFC 9110, section 10.2.3), or x-amz-retry-after in milliseconds, as in newer AWS
// services. It returns 0 if the response asks for none.
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

// unacknowledged is the error of a record that a service's answer does not mention.
func unacknowledged(sink string) error {
	return engine.Errorf(engine.Retryable, "%s: the answer does not acknowledge the record, so whether it arrived is unknown", sink)
}

// miscounted is the error of a request whose answer does not match its records.
func miscounted(sink string, sent, told int) error {
	return engine.Errorf(engine.Retryable, "%s: %d records were sent and the answer is about %d, so what arrived is unknown", sink, sent, told)
}
