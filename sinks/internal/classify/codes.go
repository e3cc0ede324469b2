package classify

import (
	"net/http"
	"sync"
)

// codes are the error codes of AWS services, for requests and for single records. They
// have no namespace and no "Exception" at the end. The first error makes the map, so that a
// start does not.
var codes = sync.OnceValue(func() map[string]Verdict {
	return map[string]Verdict{
		"Throttling":                    Throttled,
		"Throttled":                     Throttled,
		"RequestThrottled":              Throttled,
		"TooManyRequests":               Throttled,
		"RequestLimitExceeded":          Throttled,
		"LimitExceeded":                 Throttled,
		"BandwidthLimitExceeded":        Throttled,
		"SlowDown":                      Throttled,
		"ProvisionedThroughputExceeded": Throttled, // Kinesis: the shard's 1 MB or 1,000 records a second
		"KMSThrottling":                 Throttled,
		"KmsThrottled":                  Throttled,
		"KmsThrottling":                 Throttled, // Step Functions, like the next: too many executions run
		"ExecutionLimitExceeded":        Throttled,
		"ServiceUnavailable":            Throttled, // Firehose: the throughput limit of the delivery stream
		"EC2Throttled":                  Throttled, // Lambda

		"InternalFailure":           ServerError,
		"InternalError":             ServerError,
		"InternalServerError":       ServerError,
		"RequestTimeout":            ServerError,
		"ConcurrentModification":    ServerError,
		"OperationAborted":          ServerError, // S3, like the next
		"BadDigest":                 ServerError,
		"XAmzContentSHA256Mismatch": ServerError,

		"ExpiredToken":          expired,
		"RequestExpired":        expired,
		"RequestTimeTooSkewed":  expired,
		"InvalidSignature":      expired, // "Signature expired", after a frozen function resumes
		"SignatureDoesNotMatch": expired, // the same in the query protocol

		"ResourceInUse":     NotReady,
		"ResourceConflict":  NotReady, // Lambda, like the next
		"ResourceNotReady":  NotReady,
		"TemporaryRedirect": NotReady, // S3: the bucket is new

		"AccessDenied":          denied,
		"AllAccessDisabled":     denied,
		"AuthorizationError":    denied,
		"NotAuthorized":         denied,
		"Unauthorized":          denied, // IoT
		"UnauthorizedOperation": denied,
		"OptInRequired":         denied,

		"InvalidClientTokenId":       unknownCredentials,
		"UnrecognizedClient":         unknownCredentials,
		"MissingAuthenticationToken": unknownCredentials,
		"IncompleteSignature":        unknownCredentials,
		"InvalidSecurity":            unknownCredentials,
		"InvalidAccessKeyId":         unknownCredentials,
		"InvalidToken":               unknownCredentials,

		"ResourceNotFound":             noDestination,
		"NotFound":                     noDestination,
		"QueueDoesNotExist":            noDestination,
		"NonExistentQueue":             noDestination,
		"QueueDeletedRecently":         noDestination,
		"InvalidAddress":               noDestination,
		"NoSuchBucket":                 noDestination,
		"InvalidBucketName":            noDestination,
		"PermanentRedirect":            noDestination, // S3: the bucket is in another region, like the next
		"AuthorizationHeaderMalformed": noDestination,
		"IllegalLocationConstraint":    noDestination,

		"StateMachineDoesNotExist": noDestination,
		"StateMachineDeleting":     noDestination,
		"InvalidArn":               noDestination,
		"ExecutionDoesNotExist":    NotReady, // Step Functions, just after it said that the execution exists

		"KMSAccessDenied":    unusableKey,
		"KMSDisabled":        unusableKey,
		"KMSInvalidState":    unusableKey,
		"KMSNotFound":        unusableKey,
		"KMSOptInRequired":   unusableKey,
		"KmsAccessDenied":    unusableKey,
		"KmsDisabled":        unusableKey,
		"KmsInvalidKeyUsage": unusableKey,
		"KmsInvalidState":    unusableKey,
		"KmsNotFound":        unusableKey,
		"KmsOptInRequired":   unusableKey,
		"InvalidKMSResource": unusableKey,

		"InvalidSource":        unsupported, // Firehose: the stream takes records only from another source
		"UnsupportedOperation": unsupported,
		"UnknownOperation":     unsupported,
		"EndpointDisabled":     unsupported,
		"MethodNotAllowed":     unsupported, // IoT: the endpoint belongs to another service
		"RecursiveInvocation":  unsupported, // Lambda: the function calls itself, directly or not
		"ModeNotSupported":     unsupported, // Lambda

		"StateMachineTypeNotSupported": unsupported,

		"NotAuthorizedForSource":     denied, // EventBridge, like the next
		"NotAuthorizedForDetailType": denied,
		"MalformedDetail":            Invalid, // EventBridge, like the next
		"RedactionFailure":           ServerError,
		"InvalidAccountId":           noDestination,

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
		"BatchRequestTooLong":    oversized,
		"RequestEntityTooLarge":  oversized,
		"EntityTooLarge":         oversized, // S3
		"KeyTooLongError":        Invalid,
		"RequestTooLarge":        oversized, // Lambda, like the next
		"InvalidRequestContent":  Invalid,
		"InvalidExecutionInput":  Invalid, // Step Functions, like the next
		"InvalidName":            Invalid,
		"InvalidRequest":         Invalid, // IoT
	}
})

// statuses are for answers without a known code, from the service or from a proxy in
// front of it.
var statuses = map[int]Verdict{
	http.StatusRequestTimeout:        ServerError,
	http.StatusTooManyRequests:       Throttled,
	http.StatusInternalServerError:   ServerError,
	http.StatusBadGateway:            ServerError,
	http.StatusServiceUnavailable:    Throttled,
	http.StatusGatewayTimeout:        ServerError,
	http.StatusRequestEntityTooLarge: oversized,
	http.StatusUnauthorized:          denied,
	http.StatusForbidden:             denied,
	http.StatusNotFound:              noDestination,
}
