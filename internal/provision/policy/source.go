package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
)

// source allows the calls that Lambda makes with the function's role to read a source
// (Lambda guide, Process Amazon Kinesis Data Streams records with Lambda; Process
// DynamoDB records with Lambda; Using Lambda with Amazon SQS), and to store the records that it
// gave up on. SNS topics push, so they need nothing.
func (b *builder) source(s Source) error {
	if awsname.IsKafka(s.ARN) {
		b.kafka(s)
		return b.onFailure(s.OnFailure)
	}
	a, err := arn.Parse(s.ARN)
	if err != nil {
		return fmt.Errorf("the source is %s; write the ARN of a %s", quote(s.ARN), awsname.SourceNouns)
	}
	switch a.Service {
	case "kinesis":
		stream, _, enhanced := strings.Cut(s.ARN, "/consumer/")
		b.allow(readKinesis, stream)
		if enhanced {
			b.allow(subscribeToKinesis, s.ARN)
		}
	case "dynamodb":
		b.allow(readDynamoDB, s.ARN)
		b.allow(listDynamoDBStreams, "*") // the action takes no resources
	case "sns":
		return b.asyncFailure(s.OnFailure)
	case "sqs":
		b.allow(readSQS, s.ARN)
	default:
		return fmt.Errorf("the source %s belongs to %s; write the ARN of a %s", quote(s.ARN), quote(a.Service), awsname.SourceNouns)
	}
	return b.onFailure(s.OnFailure)
}

// kafka allows the calls that find and reach brokers, and read a topic (Lambda guide, Configuring
// Amazon MSK and self-managed Apache Kafka permissions; MSK guide, IAM access control). Brokers
// that ask for a secret do not use IAM.
func (b *builder) kafka(s Source) {
	for _, secret := range s.Secrets {
		b.allow(readSecrets, secret)
	}
	topic, cluster, _ := awsname.KafkaParts(s.ARN)
	if cluster != "" {
		b.allow(findKafka, cluster)
		b.allow(findBrokers, "*") // the action takes no resources
		if len(s.Secrets) == 0 {
			b.allow(joinKafka, cluster)
			b.allow(readKafka, s.ARN)
			group := strings.TrimSuffix(strings.Replace(s.ARN, ":topic/", ":group/", 1), topic)
			b.allow(useKafkaGroup, group+cmp.Or(s.Group, "*"))
		}
	}
	if cluster != "" || s.Network {
		b.allow(reachBrokers, "*") // most of the actions take no resources
		b.allow(denyNetwork, "*")  // to the code of the function
	}
}

// onFailure allows a mapping's destination (Lambda guide, Retain discarded batch
// records).
func (b *builder) onFailure(destination string) error {
	if destination == "" {
		return nil
	}
	if !b.failure(destination) {
		return fmt.Errorf("the on-failure destination is %s; write the ARN of an SQS queue, SNS topic or S3 bucket", quote(destination))
	}
	return nil
}

// failure allows a destination that streams and topics may both have. It reports
// whether destination is one.
func (b *builder) failure(destination string) bool {
	a, err := arn.Parse(destination)
	switch {
	case err == nil && a.Service == "sqs":
		b.send("SendToSQS", Strings{"sqs:SendMessage"}, destination)
	case err == nil && a.Service == "sns":
		b.send("SendToSNS", Strings{"sns:Publish"}, destination)
	case err == nil && a.Service == "s3":
		b.allow(listBuckets, destination)
		b.allow(putObjects, destination+"/*") // Lambda makes up the keys
	default:
		return false
	}
	return true
}

// asyncFailure allows the destination of asynchronous invocations that failed (Lambda
// guide, Capturing records of Lambda asynchronous invocations).
func (b *builder) asyncFailure(destination string) error {
	if destination == "" || b.failure(destination) {
		return nil
	}
	a, err := arn.Parse(destination)
	switch {
	case err == nil && a.Service == "lambda":
		b.send("SendToLambda", Strings{"lambda:InvokeFunction"}, destination)
	case err == nil && a.Service == "events":
		b.allow(sendToEventBus, destination)
	default:
		return fmt.Errorf("the on-failure destination is %s; write the ARN of an SQS queue, SNS topic, S3 bucket, Lambda function or event bus", quote(destination))
	}
	return nil
}
