// Package classify turns errors of services into errors of the engine, with a class and
// one sentence.
package classify

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

// Verdict is the class of an error and the text for the user.
type Verdict struct {
	Class engine.Class
	Why   string
	quote bool // the service's message names resources and permissions, never data
}

var (
	// More requests would be throttled too, so the wait is longer than after a failure.
	Throttled = Verdict{Class: engine.Throttled, Why: "the service accepts no more for now"}

	// The service is at fault and may recover.
	ServerError = Verdict{Class: engine.Retryable, Why: "the service failed"}

	// The SDK gets new credentials and a new signature for the next attempt.
	expired = Verdict{Class: engine.Retryable, Why: "the credentials or the signature had expired"}

	// A stream or key that is being created or changed will be ready soon.
	NotReady = Verdict{Class: engine.Retryable, Why: "the destination is being created or changed"}

	// Permissions do not change within an invocation. If they change later, Lambda's own
	// retry uses the new ones.
	denied = Verdict{Class: engine.Permanent, Why: "access is denied: check credentials and permissions", quote: true}

	// Messages about signatures repeat the signed text, including the session token, so
	// they are not quoted.
	unknownCredentials = Verdict{Class: engine.Permanent, Why: "the service does not recognize the credentials: check them and their partition"}

	// A destination does not appear within an invocation either.
	noDestination = Verdict{Class: engine.Permanent, Why: "the destination does not exist: create it, or correct its name, region or account", quote: true}

	// The key is disabled, deleted or in another state that only its owner can change.
	unusableKey = Verdict{Class: engine.Permanent, Why: "its encryption key cannot be used: enable the key, or grant its use", quote: true}

	// This kind of destination does not take records this way.
	unsupported = Verdict{Class: engine.Permanent, Why: "the destination does not support this request", quote: true}

	// The service refuses a whole request because of one record. Halving the request
	// finds that record and lets the others through.
	Invalid = Verdict{Class: engine.Refused, Why: "the service refuses the record, or another one in its request"}

	// A cache's values expire or are evicted. The owner may also add memory.
	OutOfMemory = Verdict{Class: engine.Retryable, Why: "the server's memory is full and it evicts nothing: add memory, set ttl, or set an eviction policy"}

	// A cache's passwords do not change within an invocation. If they change later,
	// Lambda's own retry uses the new one.
	Unauthorized = Verdict{Class: engine.Permanent, Why: "access is denied: check user, password and the user's permissions"}

	// Same as Invalid, but the reason is the size.
	oversized = Verdict{Class: engine.TooLarge, Why: Invalid.Why}
)

// maxDetail is the limit, in bytes, of the part of a message that an error repeats.
const maxDetail = 240

// Error returns the class and text of an error of a whole request to sink. The text
// begins with sink.
func Error(sink string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		// The request may have arrived. Only another attempt makes sure of it.
		return engine.Errorf(engine.Retryable, "%s: the attempt was cut short, so it is unknown which records arrived", sink)
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
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() != NoCode {
		v := verdictOf(api.ErrorCode(), status)
		if v.Class == engine.Refused && tooLong(api.ErrorMessage()) {
			v = oversized
		}
		e = v.Explain(sink, api.ErrorCode(), api.ErrorMessage())
	} else if v, ok := statuses[status]; ok {
		e = v.Explain(sink, "HTTP status "+strconv.Itoa(status), "")
	} else {
		e = unexplained(sink, err, status != 0)
	}
	e.After = RetryAfter(header, time.Now())
	return e
}

// NoCode is the SDK's code for an error answer without a code.
const NoCode = "UnknownError"

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
		return Sentence(engine.Retryable, sink, "the answer could not be read, so it is unknown which records arrived")
	}
	if broken, ok := errors.AsType[*url.Error](err); ok {
		return Sentence(engine.Retryable, sink, "the connection failed, so it is unknown which records arrived", Shorten(broken.Err.Error()))
	}
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		err = call.Err
	}
	return Sentence(engine.Retryable, sink, "the request failed", Shorten(err.Error()))
}

// Code returns the error of a record that was refused with code.
func Code(sink, code string) error {
	return verdictOf(code, 0).OfRecord().Explain(sink, code, "")
}

// Entry is like Code, for entries of SQS and SNS. The service would refuse a sender fault
// again, so it is permanent unless it is known to pass.
func Entry(sink, code, message string, senderFault bool) error {
	v, named := codes()[bareCode(code)]
	switch {
	case named && v.Class == engine.Refused && tooLong(message):
		v = oversized
	case !named && senderFault:
		v = Invalid
	case !named:
		v = ServerError
	}
	return v.OfRecord().Explain(sink, code, message)
}

// OfRecord turns the verdict on a request into the verdict on one record, which cannot be
// halved.
func (v Verdict) OfRecord() Verdict {
	switch v.Class {
	case engine.Refused:
		v.Class, v.Why = engine.Permanent, "the service refuses the record"
	case engine.TooLarge:
		v.Why = "the record is larger than the destination accepts"
	case engine.Retryable, engine.Throttled, engine.Permanent:
	}
	return v
}

// tooLong reports whether a message about an invalid parameter says that a message
// exceeds the limit of its queue or topic, or an item that of DynamoDB. It compares the whole
// reason, because such messages may repeat a value:
//
//	One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.
//	Invalid parameter: Message too long
//	Total size of the entries in the request is over the limit.
//	Item size has exceeded the maximum allowed size
func tooLong(message string) bool {
	if message == "Invalid parameter: Message too long" || message == "Total size of the entries in the request is over the limit." || strings.HasSuffix(message, "Item size has exceeded the maximum allowed size") {
		return true
	}
	reason, ok := strings.CutPrefix(message, "One or more parameters are invalid. Reason: Message must be shorter than ")
	digits, end := strings.CutSuffix(strings.TrimSuffix(reason, "."), " bytes")
	return ok && end && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// verdictOf returns the verdict for code, or else for status. Unknown errors may pass, so
// they are worth another attempt.
func verdictOf(code string, status int) Verdict {
	if v, ok := codes()[bareCode(code)]; ok {
		return v
	}
	if v, ok := statuses[status]; ok {
		v.quote = false // an unknown error may repeat data
		return v
	}
	return ServerError
}

// KnownCode reports whether code is an error code of AWS.
func KnownCode(code string) bool {
	_, ok := codes()[bareCode(code)]
	return ok
}

// Status returns the verdict for an HTTP status, if it has one.
func Status(status int) (Verdict, bool) {
	v, ok := statuses[status]
	return v, ok
}

// bareCode returns an error code without the parts that differ between protocols, as in
// AWS.SimpleQueueService.NonExistentQueue, com.amazonaws.sqs#QueueDoesNotExist and
// ThrottlingException.
func bareCode(code string) string {
	code = code[strings.LastIndexAny(code, ".#")+1:]
	return strings.TrimSuffix(code, "Exception")
}

// Explain returns the error for the verdict on a code. From the service's message it takes
// only parts that cannot hold data.
func (v Verdict) Explain(sink, code, message string) *engine.Error {
	detail := ""
	switch {
	case v.quote:
		detail = Shorten(message)
	case v.Class == engine.Refused || v.Class == engine.TooLarge || v.Class == engine.Permanent:
		detail = Shorten(constraint(message))
	}
	return Sentence(v.Class, sink, Shorten(code), v.Why, detail)
}

// Sentence joins the nonempty parts.
func Sentence(class engine.Class, parts ...string) *engine.Error {
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

// Shorten shortens s to fit into one sentence.
func Shorten(s string) string {
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

// RetryAfter returns the wait that a response asks for: Retry-After in seconds or as a
// date (RFC 9110, section 10.2.3), or x-amz-retry-after in milliseconds, as in newer AWS
// services. It returns 0 if the response asks for none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
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

// Unacknowledged is the error of a record that a service's answer does not mention.
func Unacknowledged(sink string) error {
	return engine.Errorf(engine.Retryable, "%s: the answer does not acknowledge the record, so it is unknown whether it arrived", sink)
}

// Miscounted is the error of a request whose answer does not match its records.
func Miscounted(sink string, sent, told int) error {
	were := "records were"
	if sent == 1 {
		were = "record was"
	}
	return engine.Errorf(engine.Retryable, "%s: %d %s sent, but the answer is about %d, so it is unknown which records arrived", sink, sent, were, told)
}
