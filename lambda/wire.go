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
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/stages"
)

// wire makes what delivers to a target of its configuration: a sink with a client
// of its own, and the stages that the options ask for.
func (h *Handler) wire(t *target.Spec, kind event.Kind) engine.Target {
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

// newSink has a case for every type of target.
func newSink(a *accounts, t *target.Spec, kind event.Kind) (engine.Sink, error) {
	d := &t.Destination
	size, from := sinks.RecordBytes(t.MaxRecordBytes), fromSource(t)
	switch t.Type {
	case target.Kinesis:
		return sinks.NewKinesis(kinesis.NewFromConfig(a.configFor(t)), nameOrARN(d), size), nil
	case target.Firehose:
		return sinks.NewFirehose(firehose.NewFromConfig(a.configFor(t)), d.Name), nil
	case target.SQS:
		return sinks.NewSQS(sqs.NewFromConfig(a.configFor(t), QueueHost(d)), d.URL(), size, from), nil
	case target.SNS:
		return sinks.NewSNS(sns.NewFromConfig(a.configFor(t)), d.ARN, size, from), nil
	case target.ES:
		cfg := a.configFor(t)
		return sinks.NewES(cfg.HTTPClient, sinks.ESIndex{
			URL: d.URL(), Index: d.Index, DocType: d.DocType,
			Signing: d.Signing, Region: cfg.Region, Credentials: cfg.Credentials,
		}, size, from)
	case target.IoT:
		return sinks.NewIoT(iotdataplane.NewFromConfig(a.configFor(t), func(o *iotdataplane.Options) {
			if o.BaseEndpoint == nil { // an endpoint that the environment names goes first
				o.BaseEndpoint = aws.String(d.URL())
			}
		}), d.Topic), nil
	case target.Lambda:
		return sinks.NewLambda(lambdaservice.NewFromConfig(a.configFor(t)), nameOrARN(d), d.Qualifier, form(t, kind)), nil
	case target.File:
		return a.file(d)
	case target.Memcached:
		return sinks.NewMemcached(d.Host, a.cache(t, d.Discover), size), nil
	case target.Redis:
		return sinks.NewRedis(d.URL(), a.cache(t, d.Cluster), size)
	}
	return nil, fmt.Errorf("there is no way to deliver to targets of type %q", t.Type)
}

// QueueHost makes a client call the host that the URL of a queue names, unless the
// environment names an endpoint. The host decides alone, so settings that choose among
// AWS's own endpoints do not count then.
func QueueHost(d *target.Destination) func(*sqs.Options) {
	return func(o *sqs.Options) {
		endpoint := d.Endpoint()
		if endpoint == "" || o.BaseEndpoint != nil {
			return
		}
		o.BaseEndpoint = &endpoint
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
	}
}

// file opens a file target.
func (a *accounts) file(d *target.Destination) (engine.Sink, error) {
	switch {
	case d.Root != "":
		return sinks.NewFileBelow(d.Root, d.Path), nil
	case d.Path == "-" && !a.stdout:
		return nil, engine.Errorf(engine.Permanent, "destination: - is standard output, which is the function's log, and records do not belong there; name a file")
	}
	return sinks.NewFile(d.Path), nil
}

// fromSource says whose records a target gets, which tells them from other sources'.
func fromSource(t *target.Spec) sinks.Option { return sinks.Source(t.SourceARN) }

// cache is what a target says of a cache beside its address.
func (a *accounts) cache(t *target.Spec, cluster bool) sinks.Cache {
	c := sinks.Cache{Cluster: cluster, TTL: time.Duration(t.TTL) * time.Second, Connections: t.InFlight}
	if t.Destination.TLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.noVerifyTLS} //nolint:gosec // --no-verify-ssl asks for it
	}
	if t.Secret != "" {
		c.Credentials = newSecret(a.base, t.Secret).credentials
	}
	return c
}

// form is how a Lambda target gets its records.
func form(t *target.Spec, kind event.Kind) sinks.Form {
	switch {
	case kind == event.Kinesis && (t.Deaggregate || t.AppendNewlines):
		return sinks.KinesisRecords
	case kind == event.SNS && t.AppendNewlines:
		return sinks.Notifications
	}
	return sinks.SourceRecords // with plain images, if convertDDB asks for them
}

// nameOrARN is how an API that takes both is told of a destination. The ARN can
// name one of another account.
func nameOrARN(d *target.Destination) string {
	if d.ARN != "" {
		return d.ARN
	}
	return d.Name
}

// stagesOf has a case for every option that asks for a stage, in the order in which
// they run. What several targets have in common comes first, so that it runs once.
func stagesOf(t *target.Spec, kind event.Kind, limits engine.Limits) (all []engine.Stage, err error) {
	if t.Deaggregate && kind == event.Kinesis {
		all = append(all, stages.Deaggregate{})
	}
	if t.ConvertDDB && kind == event.DynamoDB {
		all = append(all, stages.ConvertDDB{Event: t.Type == target.Lambda, Exponents: t.Type == target.ES})
	}
	inside := t.Type == target.Lambda && kind == event.DynamoDB // images inside of records end no line
	if t.AppendNewlines && !inside {
		all = append(all, stages.Newline{})
	}
	if t.Collapse != target.CollapseNone {
		mode, err := stages.ParseMode(string(t.Collapse))
		if err != nil {
			return nil, err
		}
		c := stages.Collapse{
			Mode: mode, Records: t.BatchRecords, Bytes: limits.RecordBytes,
			Text: t.Type == target.SQS || t.Type == target.SNS,
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

// encodingBytes is what the attribute counts for that tells of a message in base64,
// which concatenated records that are not text become.
const encodingBytes = len("encoding" + "String" + "base64")

// lower returns the lower of two bounds, of which zero is none.
func lower(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// configFor returns the configuration for the calls of t.
func (a *accounts) configFor(t *target.Spec) aws.Config {
	return a.config(t.Region, identity{t.Role, t.ExternalID})
}
