package lambda

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdaservice "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/sinks"
	"fanout/sinks/cache"
	"fanout/sinks/es"
	"fanout/sinks/file"
	firehosesink "fanout/sinks/firehose"
	"fanout/sinks/iot"
	kinesissink "fanout/sinks/kinesis"
	"fanout/sinks/lambda"
	"fanout/sinks/memcached"
	"fanout/sinks/redis"
	snssink "fanout/sinks/sns"
	sqssink "fanout/sinks/sqs"
	"fanout/stages"
)

// wire builds the engine target for a configured target: a sink with its own client, and
// the stages for its options.
func (h *Handler) wire(t *sinks.Spec, kind event.Kind) engine.Target {
	out := engine.Target{ID: t.ID, Ordered: t.Ordered(), InFlight: t.InFlight}
	if t.DropOversize {
		out.Oversize = engine.DropOversize
	}
	out.Sink, out.Fault = h.openSink(h.accounts, t, kind)
	if out.Fault != nil {
		return out
	}
	out.Stages, out.Fault = stagesOf(t, kind, out.Sink.Limits())
	return out
}

// newSink handles every type of target.
func newSink(a *accounts, t *sinks.Spec, kind event.Kind) (engine.Sink, error) {
	d := &t.Destination
	size, from := sinks.RecordBytes(t.MaxRecordBytes), fromSource(t)
	switch t.Type {
	case sinks.Kinesis:
		return kinesissink.New(kinesis.NewFromConfig(a.configFor(t)), nameOrARN(d), size), nil
	case sinks.Firehose:
		return firehosesink.New(firehose.NewFromConfig(a.configFor(t)), d.Name), nil
	case sinks.SQS:
		return sqssink.New(sqs.NewFromConfig(a.configFor(t), QueueHost(d)), d.URL(), size, from), nil
	case sinks.SNS:
		return snssink.New(sns.NewFromConfig(a.configFor(t)), d.ARN, size, from), nil
	case sinks.ES:
		cfg := a.configFor(t)
		return es.New(cfg.HTTPClient, es.Index{
			URL: d.URL(), Index: d.Index, DocType: d.DocType,
			Signing: d.Signing, Region: cfg.Region, Credentials: cfg.Credentials,
		}, size, from)
	case sinks.IoT:
		return iot.New(iotdataplane.NewFromConfig(a.configFor(t), func(o *iotdataplane.Options) {
			if o.BaseEndpoint == nil { // an endpoint in the environment takes precedence
				o.BaseEndpoint = aws.String(d.URL())
			}
		}), d.Topic), nil
	case sinks.Lambda:
		return lambda.New(lambdaservice.NewFromConfig(a.configFor(t)), nameOrARN(d), d.Qualifier, form(t, kind), from), nil
	case sinks.File:
		return a.file(d)
	case sinks.Memcached:
		return memcached.New(d.Host, a.cache(t, d.Discover), size), nil
	case sinks.Redis:
		return redis.New(d.URL(), a.cache(t, d.Cluster), size)
	}
	return nil, fmt.Errorf("there is no way to deliver to targets of type %q", t.Type)
}

// QueueHost makes a client call the host in a queue's URL, unless the environment names an
// endpoint. The URL's host then overrides the settings that select one of AWS's own
// endpoints.
func QueueHost(d *sinks.Destination) func(*sqs.Options) {
	return func(o *sqs.Options) {
		endpoint := sqssink.Endpoint(d)
		if endpoint == "" || o.BaseEndpoint != nil {
			return
		}
		o.BaseEndpoint = &endpoint
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
	}
}

// file opens a file target.
func (a *accounts) file(d *sinks.Destination) (engine.Sink, error) {
	switch {
	case d.Root != "":
		return file.NewBelow(d.Root, d.Path), nil
	case d.Path == "-" && !a.stdout:
		return nil, engine.Errorf(engine.Permanent, "destination: - is standard output, which is the function's log, and records do not belong there; name a file")
	}
	return file.New(d.Path), nil
}

// fromSource identifies the source of a target's records, to distinguish them from other
// sources' records.
func fromSource(t *sinks.Spec) sinks.Option { return sinks.Source(t.SourceARN) }

// cache returns the settings of a cache target, except its address.
func (a *accounts) cache(t *sinks.Spec, cluster bool) cache.Options {
	c := cache.Options{Cluster: cluster, TTL: time.Duration(t.TTL) * time.Second, Connections: t.InFlight}
	if t.Destination.TLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.noVerifyTLS} //nolint:gosec // --no-verify-ssl asks for it
	}
	if t.Secret != "" {
		c.Credentials = newSecret(a.base, t.Secret).credentials
	}
	return c
}

// form returns the form of the records for a Lambda target.
func form(t *sinks.Spec, kind event.Kind) lambda.Form {
	switch {
	case kind == event.Kinesis && (t.Deaggregate || t.AppendNewlines):
		return lambda.KinesisRecords
	case kind == event.SNS && t.AppendNewlines:
		return lambda.Notifications
	}
	return lambda.SourceRecords // with plain images if convertDDB is set
}

// nameOrARN returns a destination for an API that accepts both. An ARN can name a resource
// in another account.
func nameOrARN(d *sinks.Destination) string {
	if d.ARN != "" {
		return d.ARN
	}
	return d.Name
}

// stagesOf returns the stages for all options, in the order in which they run. Stages that
// several targets share come first, so that they run once.
func stagesOf(t *sinks.Spec, kind event.Kind, limits engine.Limits) (all []engine.Stage, err error) {
	if t.Deaggregate && kind == event.Kinesis {
		all = append(all, stages.Deaggregate{})
	}
	if t.ConvertDDB && kind == event.DynamoDB {
		all = append(all, stages.ConvertDDB{Event: t.Type == sinks.Lambda, Exponents: t.Type == sinks.ES})
	}
	inside := t.Type == sinks.Lambda && kind == event.DynamoDB // images inside records do not end lines
	if t.AppendNewlines && !inside {
		all = append(all, stages.Newline{})
	}
	if t.Collapse != sinks.CollapseNone {
		mode, err := stages.ParseMode(string(t.Collapse))
		if err != nil {
			return nil, err
		}
		c := stages.Collapse{
			Mode: mode, Records: t.BatchRecords, Bytes: limits.RecordBytes,
			Text: t.Type == sinks.SQS || t.Type == sinks.SNS,
		}
		if c.Text && mode == stages.Concat {
			c.Bytes -= encodingBytes
		}
		c.Bytes = lower(c.Bytes, t.BatchBytes)
		return append(all, c), nil
	}
	if t.BatchRecords > 0 || t.BatchBytes > 0 {
		all = append(all, stages.Shape{Records: t.BatchRecords, Bytes: t.BatchBytes})
	}
	return all, nil
}

// encodingBytes is the size of the attribute that marks a base64 message. Concatenated
// records become base64 if they are not text.
const encodingBytes = len("encoding" + "String" + "base64")

// lower returns the lower of two limits; zero means no limit.
func lower(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// configFor returns the AWS configuration for t's calls.
func (a *accounts) configFor(t *sinks.Spec) aws.Config {
	return a.config(t.Region, identity{t.Role, t.ExternalID})
}
