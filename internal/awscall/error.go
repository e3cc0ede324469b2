package awscall

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	awsxml "github.com/aws/aws-sdk-go-v2/aws/protocol/xml"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// credentialsError is the error of a call without credentials. Its text begins as the SDK's.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "get identity: get credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// sendError is the error of a request that got no answer.
type sendError struct{ err error }

func (e *sendError) Error() string         { return "request send failed, " + e.err.Error() }
func (e *sendError) Unwrap() error         { return e.err }
func (e *sendError) ConnectionError() bool { return true } // so that a retryer repeats the call

// unknown is the SDK's code for an error answer without a code.
const unknown = "UnknownError"

// errorOf returns the error of an answer of s with a status of failure.
func errorOf(answer *http.Response, s *Service) error {
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return answered(answer, &smithy.DeserializationError{Err: err})
	}
	code, message, err := codeOf(answer.Header, text, s)
	if err != nil {
		return answered(answer, &smithy.DeserializationError{Err: err})
	}
	fault := smithy.FaultClient
	if answer.StatusCode >= http.StatusInternalServerError {
		fault = smithy.FaultServer
	}
	return answered(answer, &smithy.GenericAPIError{Code: code, Message: message, Fault: fault})
}

// codeOf returns the code and the message of an error answer.
func codeOf(header http.Header, text []byte, s *Service) (code, message string, err error) {
	if s.Query || s.S3 {
		parts, err := awsxml.GetErrorResponseComponents(bytes.NewReader(text), s.S3)
		if err != nil {
			return "", "", err
		}
		code, message = parts.Code, parts.Message
	} else {
		code, message, err = restjson.GetErrorInfo(json.NewDecoder(bytes.NewReader(text)))
		if named := header.Get("X-Amzn-Errortype"); named != "" {
			code = restjson.SanitizeErrorCode(named)
		}
		// Services with a former XML interface name the error as that did.
		if former, _, ok := strings.Cut(header.Get("X-Amzn-Query-Error"), ";"); ok {
			code = former
		}
		if err != nil {
			return "", "", err
		}
	}
	if code == "" {
		code = unknown
	}
	return code, message, nil
}

// answered returns err with the answer that it is about.
func answered(answer *http.Response, err error) error {
	return &sdkhttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: err},
		RequestID:     requestID(answer.Header),
	}
}

// requestID returns the id that a service gave a request.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}
