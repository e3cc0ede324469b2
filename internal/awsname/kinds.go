package awsname

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// SourceKind describes a kind of source.
type SourceKind struct {
	Service string // in ARNs; events name the source "aws:" + Service
	Noun    string // such as Kinesis stream
	Like    string // an ARN of the kind
	owns    func(resource string) bool
	isNot   string // what another resource of the service is not, and what to write
}

// Article returns the noun with its article, such as "a Kinesis stream".
func (k *SourceKind) Article() string {
	if k.Noun[0] == 'S' { // SNS, SQS
		return "an " + k.Noun
	}
	return "a " + k.Noun
}

// SourceKinds are the kinds of sources.
var SourceKinds = []*SourceKind{
	{
		Service: "kinesis", Noun: "Kinesis stream", Like: "arn:aws:kinesis:eu-west-1:123456789012:stream/name",
		owns: isSourceStream, isNot: "a stream; write an ARN like ",
	},
	{
		Service: "dynamodb", Noun: "DynamoDB stream", Like: "arn:aws:dynamodb:eu-west-1:123456789012:table/name/stream/2026-01-31T12:34:56.789",
		owns: isTableStream, isNot: "the stream of a table; write its LatestStreamArn, like ",
	},
	{
		Service: "sns", Noun: "SNS topic", Like: "arn:aws:sns:eu-west-1:123456789012:name",
		owns: func(resource string) bool { return IsFIFOName(resource, 256) }, isNot: "a topic; write an ARN like ",
	},
	{
		Service: "sqs", Noun: "SQS queue", Like: "arn:aws:sqs:eu-west-1:123456789012:name",
		owns: func(resource string) bool { return IsFIFOName(resource, 80) }, isNot: "a queue; write an ARN like ",
	},
	{
		Service: Kafka, Noun: "Kafka topic", Like: "arn:aws:kafka:eu-west-1:123456789012:topic/cluster/01234567-89ab-cdef-0123-456789abcdef-1/name",
		owns: isKafkaTopic, isNot: "a topic of a cluster; write an ARN like ",
	},
}

// SourceNouns lists the kinds of sources in words.
var SourceNouns = func() string {
	nouns := make([]string, len(SourceKinds))
	for i, k := range SourceKinds {
		nouns[i] = k.Noun
	}
	last := len(nouns) - 1
	return strings.Join(nouns[:last], ", ") + " or " + nouns[last]
}()

// SourceKindOf returns the kind of source of a service, or nil if it has none.
func SourceKindOf(service string) *SourceKind {
	for _, k := range SourceKinds {
		if k.Service == service {
			return k
		}
	}
	return nil
}

// CheckSource returns the kind of source that text is the ARN of.
func CheckSource(text string) (*SourceKind, error) {
	if strings.HasPrefix(text, KafkaScheme) {
		return SourceKindOf(Kafka), checkBrokers(text)
	}
	a, err := arn.Parse(text)
	if err != nil || strings.ContainsFunc(text, NoVisibleASCII) {
		return nil, fmt.Errorf("%s is not an ARN; write the ARN of a %s", Quote(text), SourceNouns)
	}
	k := SourceKindOf(a.Service)
	if k == nil {
		return nil, fmt.Errorf("%s belongs to %s; write the ARN of a %s", Quote(text), Quote(a.Service), SourceNouns)
	}
	if a, err = ParseARN(text, k.Service, k.Like); err != nil {
		return nil, err
	}
	if !k.owns(a.Resource) {
		return nil, fmt.Errorf("%s is not %s%s", Quote(text), k.isNot, k.Like)
	}
	return k, nil
}

// isSourceStream reports whether resource is a Kinesis stream, or its consumer with
// enhanced fan-out.
func isSourceStream(resource string) bool {
	name, ok := strings.CutPrefix(resource, "stream/")
	name, _, _ = strings.Cut(name, "/consumer/")
	return ok && IsName(name, 128, "_.-")
}

func isTableStream(resource string) bool {
	parts := strings.Split(resource, "/")
	return len(parts) == 4 && parts[0] == "table" && IsName(parts[1], 255, "_.-") && parts[2] == "stream" && IsName(parts[3], 64, "_.:-")
}
