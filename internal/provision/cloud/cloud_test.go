package cloud

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// answers maps operations to a service's answers: a body, or an error's code.
type answers map[string]string

var action = regexp.MustCompile(`(?:^|&)Action=(\w+)`)

// account returns an account whose calls get these answers.
func account(t *testing.T, a answers) *Account {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if body, err := io.ReadAll(r.Body); err == nil && op == "" {
			if m := action.FindSubmatch(body); m != nil {
				op = string(m[1])
			} else {
				op = r.URL.Path
			}
		}
		answer, ok := a[op]
		switch {
		case !ok:
			t.Errorf("%s was called", op)
		case strings.HasPrefix(answer, "{"):
			fmt.Fprint(w, answer)
		case strings.HasPrefix(answer, "<"):
			fmt.Fprintf(w, "<%sResponse><%[1]sResult>%s</%[1]sResult></%[1]sResponse>", op, answer)
		case r.Header.Get("X-Amz-Target") != "" || strings.HasPrefix(op, "/"):
			w.Header().Set("X-Amzn-Errortype", answer)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"message": "Because."}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>Because.</Message></Error></ErrorResponse>", answer)
		}
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	client.Transport.(*http.Transport).DisableKeepAlives = true
	return Of(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""),
	})
}

// identity is the answer to GetCallerIdentity.
const identity = "<Arn>arn:aws-cn:iam::123456789012:user/me</Arn><Account>123456789012</Account>"

func TestDestination(t *testing.T) {
	const endpoint = "<Address>cache.example.com</Address><Port>6379</Port>"
	for _, tt := range []struct {
		typ         *sinks.Type
		name, index string
		answers     answers
		want, err   string
	}{
		{typ: builtin.Type("sns"), name: "alerts", answers: answers{"GetCallerIdentity": identity, "GetTopicAttributes": "<Attributes></Attributes>"}, want: "arn:aws-cn:sns:eu-west-1:123456789012:alerts"},
		{typ: builtin.Type("sns"), name: "alerts", answers: answers{"GetCallerIdentity": identity, "GetTopicAttributes": "NotFound"}, err: `there is no SNS topic named "alerts" in eu-west-1; check the name, --region and --profile`},
		{typ: builtin.Type("sns"), name: "alerts", answers: answers{"GetCallerIdentity": identity, "GetTopicAttributes": "AuthorizationError"}, err: `the SNS topic "alerts" cannot be looked up: AWS does not allow SNS GetTopicAttributes (AuthorizationError); ask for the right to call it`},
		{typ: builtin.Type("sns"), name: "alerts", answers: answers{"GetCallerIdentity": "ExpiredToken"}, err: `AWS refuses the credentials (ExpiredToken); renew them, or name other credentials with --profile`},
		{typ: builtin.Type("sns"), name: "arn:aws:sns:eu-west-1:123456789012:alerts", want: "arn:aws:sns:eu-west-1:123456789012:alerts"},
		{typ: builtin.Type("sqs"), name: "queue", answers: answers{"GetQueueUrl": `{"QueueUrl": "https://sqs/1/queue"}`}, want: "https://sqs/1/queue"},
		{typ: builtin.Type("sqs"), name: "queue", answers: answers{"GetQueueUrl": "QueueDoesNotExist"}, err: `there is no SQS queue named "queue" in eu-west-1; `},
		{typ: builtin.Type("sqs"), name: "https://sqs/1/queue", want: "https://sqs/1/queue"},
		{typ: builtin.Type("kinesis"), name: "copy", answers: answers{"DescribeStreamSummary": `{"StreamDescriptionSummary": {"StreamARN": "arn"}}`}, want: "copy"},
		{typ: builtin.Type("kinesis"), name: "copy", answers: answers{"DescribeStreamSummary": "ResourceNotFoundException"}, want: "copy", err: `there is no Kinesis stream named "copy" in eu-west-1; `},
		{typ: builtin.Type("kinesis"), name: "copy", answers: answers{"DescribeStreamSummary": "AccessDeniedException"}, want: "copy", err: `the Kinesis stream "copy" cannot be looked up: AWS does not allow Kinesis DescribeStreamSummary (AccessDeniedException)`},
		{typ: builtin.Type("firehose"), name: "lake", answers: answers{"DescribeDeliveryStream": `{"DeliveryStreamDescription": {}}`}, want: "lake"},
		{typ: builtin.Type("lambda"), name: "f", answers: answers{"/2015-03-31/functions/f/configuration": `{"FunctionArn": "arn"}`}, want: "f"},
		{typ: builtin.Type("lambda"), name: "f", answers: answers{"/2015-03-31/functions/f/configuration": `ResourceNotFoundException`}, want: "f", err: `there is no Lambda function named "f" in eu-west-1; `},
		{typ: builtin.Type("es"), name: "search", index: "i", answers: answers{"/2021-01-01/opensearch/domain/search": `{"DomainStatus": {"Endpoint": "search-1.es"}}`}, want: "search-1.es#i"},
		{typ: builtin.Type("es"), name: "search", index: "i", answers: answers{"/2021-01-01/opensearch/domain/search": `{"DomainStatus": {"Endpoints": {"vpc": "vpc-1.es"}}}`}, want: "vpc-1.es#i"},
		{typ: builtin.Type("es"), name: "search", index: "i", answers: answers{"/2021-01-01/opensearch/domain/search": `{"DomainStatus": {}}`}, err: `the search domain "search" has no endpoint yet; wait until it is active`},
		{typ: builtin.Type("es"), name: "search", err: `the domain "search" needs an index to write to; add --index`},
		{typ: builtin.Type("es"), name: "host#i", want: "host#i"},
		{typ: builtin.Type("es"), name: "https://host", index: "i", want: "https://host#i"},
		{typ: builtin.Type("iot"), name: "a/b", answers: answers{"/endpoint": `{"endpointAddress": "x-ats.iot"}`}, want: "x-ats.iot#a/b"},
		{typ: builtin.Type("iot"), name: "a/b", answers: answers{"/endpoint": `UnauthorizedException`}, err: `the IoT endpoint of the account cannot be looked up: AWS does not allow IoT DescribeEndpoint (UnauthorizedException)`},
		{typ: builtin.Type("memcached"), name: "c", answers: answers{"DescribeCacheClusters": "<CacheClusters><CacheCluster><ConfigurationEndpoint>" + endpoint + "</ConfigurationEndpoint></CacheCluster></CacheClusters>"}, want: "cache.example.com:6379"},
		{typ: builtin.Type("memcached"), name: "c", answers: answers{"DescribeCacheClusters": "<CacheClusters><CacheCluster><CacheNodes><CacheNode><Endpoint>" + endpoint + "</Endpoint></CacheNode></CacheNodes></CacheCluster></CacheClusters>"}, want: "cache.example.com:6379"},
		{typ: builtin.Type("memcached"), name: "c", answers: answers{"DescribeCacheClusters": "<CacheClusters><CacheCluster></CacheCluster></CacheClusters>"}, err: `the cache "c" has no endpoint yet; wait until it is available`},
		{typ: builtin.Type("memcached"), name: "c", answers: answers{"DescribeCacheClusters": "<CacheClusters></CacheClusters>"}, err: `there is no cache cluster named "c" in eu-west-1; `},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "<ReplicationGroups><ReplicationGroup><TransitEncryptionEnabled>true</TransitEncryptionEnabled><ConfigurationEndpoint>" + endpoint + "</ConfigurationEndpoint></ReplicationGroup></ReplicationGroups>"}, want: "rediss://cache.example.com:6379"},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "<ReplicationGroups><ReplicationGroup><NodeGroups><NodeGroup><PrimaryEndpoint>" + endpoint + "</PrimaryEndpoint></NodeGroup></NodeGroups></ReplicationGroup></ReplicationGroups>"}, want: "cache.example.com:6379"},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "AccessDenied"}, err: `the cache "c" cannot be looked up: `},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "ReplicationGroupNotFoundFault", "DescribeServerlessCaches": "<ServerlessCaches><member><Endpoint>" + endpoint + "</Endpoint></member></ServerlessCaches>"}, want: "rediss://cache.example.com:6379"},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "ReplicationGroupNotFoundFault", "DescribeServerlessCaches": "ServerlessCacheNotFoundFault", "DescribeCacheClusters": "<CacheClusters><CacheCluster><CacheNodes><CacheNode><Endpoint>" + endpoint + "</Endpoint></CacheNode></CacheNodes></CacheCluster></CacheClusters>"}, want: "cache.example.com:6379"},
		{typ: builtin.Type("redis"), name: "c", answers: answers{"DescribeReplicationGroups": "ReplicationGroupNotFoundFault", "DescribeServerlessCaches": "ServerlessCacheNotFoundFault", "DescribeCacheClusters": "CacheClusterNotFound"}, err: `there is no cache named "c" in eu-west-1; `},
		{typ: builtin.Type("redis"), name: "h:6379", want: "h:6379"},
		{typ: builtin.Type("file"), name: "out", want: "out"},
	} {
		t.Run(fmt.Sprintf("%s %s", tt.typ, tt.name), func(t *testing.T) {
			got, err := account(t, tt.answers).Destination(t.Context(), tt.typ, tt.name, tt.index)
			said := ""
			if err != nil {
				said = awserr.Plain(err)
			}
			if (tt.err == "") != (said == "") || !strings.HasPrefix(said, tt.err) {
				t.Fatalf("error %q, want %q", said, tt.err)
			}
			if err == nil && got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTableStream(t *testing.T) {
	for _, tt := range []struct{ answer, want, err string }{
		{`{"Table": {"LatestStreamArn": "arn", "StreamSpecification": {"StreamEnabled": true}}}`, "arn", ""},
		{`{"Table": {"LatestStreamArn": "arn"}}`, "", `the DynamoDB table "t" has no stream; enable one, for example with NEW_AND_OLD_IMAGES`},
		{"ResourceNotFoundException", "", `there is no DynamoDB table named "t" in us-east-1; check the name, --region and --profile`},
		{"ValidationException", "", `the DynamoDB table "t" cannot be looked up: DynamoDB DescribeTable failed: Because (ValidationException)`},
	} {
		a := account(t, answers{"DescribeTable": tt.answer}).In("us-east-1")
		got, err := a.TableStream(t.Context(), "t")
		said := ""
		if err != nil {
			said = awserr.Plain(err)
		}
		if got != tt.want || said != tt.err {
			t.Errorf("%s: got %q, %q; want %q, %q", tt.answer, got, said, tt.want, tt.err)
		}
	}
}

// A silent service is named. An answer that lacks a required part, or goes on behind its
// end, counts as no answer.
func TestPlainOfSilence(t *testing.T) {
	at := &smithy.OperationError{ServiceID: "Lambda", OperationName: "GetFunction", Err: &url.Error{Op: "Post", URL: "https://h:1/", Err: os.ErrDeadlineExceeded}}
	if got, want := awserr.Plain(at), "Lambda GetFunction got no answer from h:1 in time; check --region, --endpoint-url and the network"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, answer := range []string{"{}", `{"Table": {"TableName": "t"}}{}`} {
		_, err := account(t, answers{"DescribeTable": answer}).TableStream(t.Context(), "t")
		if got, want := awserr.Plain(err), "that does not come from AWS (200 OK); check --region, --endpoint-url and proxies"; !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want %q at its end", got, want)
		}
	}
}

// A missing answer and missing credentials are one sentence too.
func TestPlain(t *testing.T) {
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", "")}
	a := Of(cfg)
	a.cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	_, err := a.Stream(t.Context(), "s")
	if got, want := awserr.Plain(err), `the Kinesis stream "s" cannot be looked up: Kinesis DescribeStreamSummary got no answer from 127.0.0.1:1 (connection refused); check --region, --endpoint-url and the network`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	a.cfg.Credentials = credentials.NewStaticCredentialsProvider("", "", "")
	_, err = a.Stream(t.Context(), "s")
	if got, want := awserr.Plain(err), `the Kinesis stream "s" cannot be looked up: Kinesis DescribeStreamSummary was not sent, because there are no usable AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	throttled := account(t, answers{"DescribeTable": "ThrottlingException"})
	throttled.cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	_, err = throttled.TableStream(t.Context(), "t")
	if got, want := awserr.Plain(err), `the DynamoDB table "t" cannot be looked up: AWS throttles DynamoDB DescribeTable (ThrottlingException); try again in a minute`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := awserr.Plain(fmt.Errorf("a: %w", io.EOF)); got != "a: EOF" {
		t.Error(got)
	}
}

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"fanout": "fanout",
		"arn:aws:lambda:eu-west-1:123456789012:function:fanout":       "fanout",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/fanoutTargets": "fanoutTargets",
		"arn:aws:iam::123456789012:role/path/fanoutRole":              "fanoutRole",
	} {
		if got := Name(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestSource(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:kinesis:eu-west-1:123456789012:stream/clicks":                                "kinesis:clicks",
		"arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/fanout:1700000000":     "kinesis:clicks",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789": "dynamodb:orders",
		"arn:aws:sns:eu-west-1:123456789012:alerts":                                           "sns:alerts",
		"nonsense": "nonsense",
	} {
		if got := awsname.Source(arn); got != want {
			t.Errorf("Source(%q) = %q, want %q", arn, got, want)
		}
	}
}
