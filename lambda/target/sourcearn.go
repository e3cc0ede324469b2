package target

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
)

// CheckSource reports whether text is the ARN of a source, and returns its service:
// kinesis, dynamodb or sns.
func CheckSource(text string) (service string, ok bool) {
	service, err := sourceService(text)
	return service, err == nil
}

// sourceService returns the service of a source's ARN: kinesis, dynamodb or sns.
func sourceService(text string) (string, error) {
	const want = "write the ARN of a Kinesis stream, DynamoDB stream or SNS topic"
	a, err := arn.Parse(text)
	if err != nil || strings.ContainsFunc(text, awsname.NoVisibleASCII) {
		return "", fmt.Errorf("%s is not an ARN; %s", awsname.Quote(text), want)
	}
	switch a.Service {
	case "kinesis":
		const like = "arn:aws:kinesis:eu-west-1:123456789012:stream/name"
		if a, err = awsname.ParseARN(text, "kinesis", like); err != nil {
			return "", err
		}
		name, ok := strings.CutPrefix(a.Resource, "stream/")
		name, _, _ = strings.Cut(name, "/consumer/") // enhanced fan-out
		if !ok || !awsname.IsName(name, 128, "_.-") {
			return "", fmt.Errorf("%s is not a stream; write an ARN like %s", awsname.Quote(text), like)
		}
	case "dynamodb":
		const like = "arn:aws:dynamodb:eu-west-1:123456789012:table/name/stream/2026-01-31T12:34:56.789"
		if a, err = awsname.ParseARN(text, "dynamodb", like); err != nil {
			return "", err
		}
		parts := strings.Split(a.Resource, "/")
		if len(parts) != 4 || parts[0] != "table" || !awsname.IsName(parts[1], 255, "_.-") || parts[2] != "stream" || !awsname.IsName(parts[3], 64, "_.:-") {
			return "", fmt.Errorf("%s is not the stream of a table; write its LatestStreamArn, like %s", awsname.Quote(text), like)
		}
	case "sns":
		const like = "arn:aws:sns:eu-west-1:123456789012:name"
		if a, err = awsname.ParseARN(text, "sns", like); err != nil {
			return "", err
		}
		if !awsname.IsFIFOName(a.Resource, 256) {
			return "", fmt.Errorf("%s is not a topic; write an ARN like %s", awsname.Quote(text), like)
		}
	default:
		return "", fmt.Errorf("%s belongs to %s; %s", awsname.Quote(text), awsname.Quote(a.Service), want)
	}
	return a.Service, nil
}
