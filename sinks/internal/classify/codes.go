package classify

import (
	"net/http"
)

// codes are the error codes of AWS services, for requests and for single records. They
// have no namespace and no "Exception" at the end.
var codes = map[string]Verdict{
	"Throttling":                    SlowDown,
	"Throttled":                     SlowDown,
	"RequestThrottled":              SlowDown,
	"TooManyRequests":               SlowDown,
	"RequestLimitExceeded":          SlowDown,
	"LimitExceeded":                 SlowDown,
	"BandwidthLimitExceeded":        SlowDown,
	"SlowDown":                      SlowDown,
	"ProvisionedThroughputExceeded": SlowDown, // Kinesis: the shard's 1 MB or 1,000 records a second
	"KMSThrottling":                 SlowDown,
	"KmsThrottled":                  SlowDown,
	"ServiceUnavailable":            SlowDown, // Firehose: the throughput limit of the delivery stream
	"EC2Throttled":                  SlowDown, // Lambda

	"InternalFailure":        Failing,
	"InternalError":          Failing,
	"InternalServerError":    Failing,
	"RequestTimeout":         Failing,
	"ConcurrentModification": Failing,

	"ExpiredToken":          expired,
	"RequestExpired":        expired,
	"RequestTimeTooSkewed":  expired,
	"InvalidSignature":      expired, // "Signature expired", after a frozen function resumes
	"SignatureDoesNotMatch": expired, // the same in the query protocol

	"ResourceInUse":    NotYet,
	"ResourceConflict": NotYet, // Lambda, like the next
	"ResourceNotReady": NotYet,

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

	"Validation":             Invalid,
	"ValidationError":        Invalid,
	"InvalidArgument":        Invalid,
	"InvalidParameter":       Invalid,
	"InvalidParameterValue":  Invalid,
	"ParameterValueInvalid":  Invalid,
	"MissingParameter":       Invalid,
	"InvalidMessageContents": Invalid,
	"InvalidAttributeValue":  Invalid,
	"Serialization":          Invalid,
	"BatchRequestTooLong":    oversize,
	"RequestEntityTooLarge":  oversize,
	"RequestTooLarge":        oversize, // Lambda, like the next
	"InvalidRequestContent":  Invalid,
	"InvalidRequest":         Invalid, // IoT
}

// statuses are for answers without a known code, from the service or from a proxy in
// front of it.
var statuses = map[int]Verdict{
	http.StatusRequestTimeout:        Failing,
	http.StatusTooManyRequests:       SlowDown,
	http.StatusInternalServerError:   Failing,
	http.StatusBadGateway:            Failing,
	http.StatusServiceUnavailable:    SlowDown,
	http.StatusGatewayTimeout:        Failing,
	http.StatusRequestEntityTooLarge: oversize,
	http.StatusUnauthorized:          denied,
	http.StatusForbidden:             denied,
	http.StatusNotFound:              missing,
}
