package status

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"golang.org/x/sync/errgroup"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Reader reads snapshots of one function.
type Reader struct {
	Catalog    *target.Catalog
	Lambda     LambdaAPI
	DynamoDB   registry.API
	CloudWatch cloudwatch.GetMetricDataAPIClient
	Logs       LogsAPI
	Topics     func(region string) sns.ListSubscriptionsByTopicAPIClient
	Queues     func(*sinks.Destination) QueuesAPI

	Function string        // name or ARN
	Region   string        // of the calls
	Table    string        // name or ARN of the target table; "": the function's
	Period   time.Duration // to look back
	Late     time.Duration // the age from which records are late

	// Args are the flags, such as --region, that lead every command to the same function.
	Args []string
}

// LambdaAPI is the part of a Lambda client that a Reader needs.
type LambdaAPI interface {
	lambda.GetFunctionConfigurationAPIClient
	lambda.ListEventSourceMappingsAPIClient
	cloud.PolicyReader
}

// LogsAPI is the part of a client of CloudWatch Logs that a Reader needs.
type LogsAPI interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Of returns a Reader with the clients of an account and region.
func Of(a *cloud.Account, catalog *target.Catalog) *Reader {
	return &Reader{
		Catalog: catalog, Region: a.Region(),
		Lambda: a.Lambda(), DynamoDB: a.DynamoDB(), CloudWatch: a.CloudWatch(), Logs: a.Logs(),
		Topics: func(region string) sns.ListSubscriptionsByTopicAPIClient { return a.In(region).SNS() },
		Queues: func(d *sinks.Destination) QueuesAPI { return a.In(d.Region).SQS(queueHost(d)) },
	}
}

// reading is one snapshot in the making.
type reading struct {
	*Reader
	Snapshot
	options    fanout.Options
	function   role.Function
	targets    []registry.Entry
	targetsErr error
	hooks      []lambdatypes.EventSourceMappingConfiguration
	hooksErr   error
	metricsErr error
	log        logState
	queues     []queue
	topicErrs  map[string]error // of a look at a topic that has active targets
	waits      Source           // its age is the function's, where those of the sources are not known
	commands   []string         // that were made
}

// Read returns what the function did in the period before now.
//
// Errors: [cloud.NoFunction], or the function cannot be looked up.
func (r *Reader) Read(ctx context.Context) (*Snapshot, error) {
	config, err := r.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.Function})
	if awserr.IsMissing(err) {
		return nil, &cloud.NoFunction{Name: r.Function}
	}
	if err != nil {
		return nil, fmt.Errorf("the function %q cannot be looked up: %w", cloud.Name(r.Function), err)
	}
	d := &reading{Reader: r}
	d.function = role.FunctionOf(&lambdatypes.FunctionConfiguration{
		FunctionArn: config.FunctionArn, LoggingConfig: config.LoggingConfig, Environment: config.Environment,
	})
	// The doctor reports faulty variables; the others are still good.
	d.options, _ = fanout.OptionsFrom(func(name string) string {
		if name == "AWS_LAMBDA_FUNCTION_NAME" {
			return d.function.Name()
		}
		return d.function.Environment[name]
	})
	d.Snapshot = Snapshot{
		Function: d.function.Name(), Region: r.Region, Period: r.Period.Seconds(), Step: step(r.Period),
		At: time.Now().UTC().Truncate(time.Second), LogGroup: d.function.LogGroup,
		Problems: []Problem{}, Sources: []Source{}, Failures: []Failure{}, Unknown: []Unknown{}, // lists in JSON, not null
	}
	if d.LogGroup == "" {
		d.LogGroup = "/aws/lambda/" + d.Function()
	}
	var g errgroup.Group
	g.Go(func() error { d.readTargets(ctx); return nil })
	g.Go(func() error { d.readHooks(ctx); return nil })
	_ = g.Wait() // what cannot be read is a note
	d.arrange()
	d.readTopics(ctx)
	d.readQueues(ctx)
	d.readMetrics(ctx)
	d.conditions()
	d.readLog(ctx)
	d.failuresOfLog()
	d.judge()
	return &d.Snapshot, ctx.Err()
}

// Function is the function's name.
func (d *reading) Function() string { return d.Snapshot.Function }

// command is a fanout command about the function.
func (d *reading) command(name string, flags ...string) string {
	line := cloud.CommandLine(d.Function(), d.Args, name, flags...)
	d.commands = append(d.commands, line)
	return line
}

// unknown notes what could not be read.
func (d *reading) unknown(what string, err error) {
	if err != nil {
		d.Unknown = append(d.Unknown, Unknown{what, why(err)})
	}
}

func (d *reading) readTargets(ctx context.Context) {
	table := d.Table
	if table == "" {
		table = d.function.Table()
	}
	if d.targetsFile() {
		return
	}
	t := registry.Table{Client: d.DynamoDB, Catalog: d.Catalog, Name: table}
	d.targets, d.targetsErr = t.List(ctx, "")
}

// targetsFile reports whether the targets are in the function's package.
func (d *reading) targetsFile() bool { return d.options.TargetsFile != "" && d.Table == "" }

func (d *reading) readHooks(ctx context.Context) {
	all, err := cloud.Mappings(ctx, d.Lambda, d.Reader.Function, "")
	d.hooksErr = err
	for _, m := range all {
		if m.EventSourceArn != nil {
			d.hooks = append(d.hooks, m)
		}
	}
}

// stream returns the stream behind a mapping's source, which may be a consumer.
func stream(source string) string {
	s, _, _ := strings.Cut(source, "/consumer/")
	return s
}

// actions are the services whose prefix in IAM is not their name in lower case.
var actions = map[string]string{"CloudWatch Logs": "logs"}

// why says in a few words why something could not be read.
func why(err error) string {
	service, operation := callOf(err)
	switch {
	case awserr.IsDenied(err) && service != "":
		prefix, ok := actions[service]
		if !ok {
			prefix = strings.ToLower(service)
		}
		return "needs " + prefix + ":" + operation
	case awserr.RefusesCredentials(err):
		return "AWS refuses the credentials"
	case awserr.IsThrottled(err):
		return "AWS throttles " + service + " " + operation
	}
	return awserr.Plain(err)
}

// isTopic reports whether a source is an SNS topic, which has no mapping.
func isTopic(source string) bool {
	a, err := arn.Parse(source)
	return err == nil && a.Service == "sns"
}

// mappingOf converts a mapping.
func mappingOf(m *lambdatypes.EventSourceMappingConfiguration) *Mapping {
	return &Mapping{UUID: aws.ToString(m.UUID), State: aws.ToString(m.State), Result: aws.ToString(m.LastProcessingResult)}
}
