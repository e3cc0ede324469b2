// Package template writes the result of deploy, hook and register as infrastructure as
// code: a SAM or CloudFormation template, or a Terraform configuration. It makes no
// calls.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
	"fanout/internal/provision/alarms"
	"fanout/internal/provision/policy"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Format is a language of infrastructure as code.
type Format string

const (
	SAM            Format = "sam"            // AWS Serverless Application Model
	CloudFormation Format = "cloudformation" // YAML
	Terraform      Format = "terraform"      // HCL, for the provider hashicorp/aws
)

// Formats lists all formats in the order that users see.
var Formats = []Format{SAM, CloudFormation, Terraform}

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats, f) {
		return f, nil
	}
	return "", fmt.Errorf("the format %.100q is unknown; write sam, cloudformation or terraform", name)
}

// Setup is a complete function: the input of deploy, hook and register together.
type Setup struct {
	// Function determines the rights of the role. Its RoleARN and TableARN name
	// resources to make; "": the function's name followed by Role or Targets. The ledger
	// table and keys are taken as they are.
	Function       policy.Function
	Memory         int      // MB
	Timeout        int      // seconds
	Architecture   string   // arm64 or x86_64
	Subnets        []string // ids; with SecurityGroups or not at all
	SecurityGroups []string // ids
	Retention      int      // retention of logs in days; a value that CloudWatch Logs allows
	Environment    map[string]string
	Mappings       []Mapping
	Async          Async

	// Failures is the function's queue for failures, which is in no table; nil: none. The
	// queue is taken as it is.
	Failures *sinks.Spec

	Alarms    string // ARN of the topic that alarms write to; "": no alarms
	Dashboard bool

	// Targets are the targets of the function's table. A password in a destination is
	// written in plain text.
	Targets []target.Loaded
}

// Async is the function's settings for asynchronous invocations; SNS invokes this way
// (Lambda API, PutFunctionEventInvokeConfig).
type Async struct {
	Retries   *int32 // nil: Lambda's default
	Age       *int32 // seconds that a message may wait; nil: Lambda's default
	OnFailure string // ARN of the destination for failed messages; "": none
}

// set reports whether anything differs from Lambda's defaults.
func (a *Async) set() bool { return a.Retries != nil || a.Age != nil || a.OnFailure != "" }

// Mapping hooks a stream, topic or queue to the function (Lambda API,
// CreateEventSourceMapping). It asks for ReportBatchItemFailures wherever Lambda has it. An SNS
// topic uses only Source; Async handles its failures.
type Mapping struct {
	Source                string    // ARN of a Kinesis stream or its consumer, a DynamoDB stream, an SNS topic, or an SQS queue; name of a Kafka topic
	BatchSize             int       // records; 0: Lambda's default
	Window                int       // seconds that records are gathered
	StartingPosition      string    // LATEST, TRIM_HORIZON or AT_TIMESTAMP
	StartingTime          time.Time // for AT_TIMESTAMP
	ParallelizationFactor int       // batches of a shard at once; 0: Lambda's default
	MaximumRetryAttempts  int       // -1: until a record expires
	MaximumRecordAge      int       // seconds; -1 or 0: until a record expires
	Bisect                bool      // a failed batch is split in halves
	OnFailure             string    // ARN of the queue, topic or bucket for records that Lambda gave up on; "": none
	MaximumConcurrency    int       // invocations for a queue at once; 0: no bound
	Filters               []string  // patterns in JSON; a record that matches any of them is sent
	Disabled              bool      // it is made, but reads nothing
	Kafka                 Kafka     // of a Kafka topic
}

// Kafka are the settings that only a mapping of a Kafka topic has.
type Kafka struct {
	ConsumerGroup                  string
	Access                         []Access // logins and network
	MinimumPollers, MaximumPollers int      // 0 and 0: not in provisioned mode
}

// Access is a login, or a part of the network of brokers (Lambda API, SourceAccessConfiguration).
type Access struct{ Type, URI string }

// needs returns the mapping's source as the policy has to allow it.
func (m *Mapping) needs() policy.Source {
	s := policy.Source{ARN: m.Source, OnFailure: m.OnFailure, Group: m.Kafka.ConsumerGroup}
	for _, a := range m.Kafka.Access {
		if strings.HasPrefix(a.Type, "VPC_") {
			s.Network = true
		} else {
			s.Secrets = append(s.Secrets, a.URI)
		}
	}
	return s
}

// reports reports whether Lambda has ReportBatchItemFailures for the mapping: of Kafka only in
// provisioned mode.
func (m *Mapping) reports() bool {
	return !awsname.IsKafka(m.Source) || m.Kafka.MinimumPollers > 0 || m.Kafka.MaximumPollers > 0
}

// Render returns s in a format. Equal setups give equal documents.
//
// Errors: an unknown format, a target with faults, subnets without security groups
// or the other way round, and those of policy.Function.Policy and alarms.CheckTopic.
func Render(f Format, s Setup) ([]byte, error) {
	p, err := s.plan()
	if err != nil {
		return nil, err
	}
	switch f {
	case SAM:
		return p.sam()
	case CloudFormation:
		return p.cloudFormation()
	case Terraform:
		return p.terraform(), nil
	}
	_, err = ParseFormat(string(f))
	return nil, err
}

// plan is a Setup with all its defaults filled in.
type plan struct {
	Setup
	self               arn.ARN // the function's
	name, role, table  string
	rolePath, logGroup string
	policy             policy.Document
	streams, topics    []hook
	environment        []variable // by name
}

// hook is a mapping with its name in a template.
type hook struct {
	Mapping
	service string // kinesis, dynamodb, sns, sqs or kafka
	region  string
	name    string // of the stream, table, topic or queue; unique
}

type variable struct{ name, value string }

func (s Setup) plan() (*plan, error) {
	p := &plan{Setup: s}
	if (len(s.Subnets) == 0) != (len(s.SecurityGroups) == 0) {
		return nil, errors.New("subnets and security groups belong together; set both or neither")
	}
	p.Function.VPC = len(s.Subnets) > 0
	var err error
	if p.self, err = arn.Parse(s.Function.ARN); err != nil {
		return nil, fmt.Errorf("the function's ARN is %.200q; it must be like arn:aws:lambda:eu-west-1:123456789012:function:name", s.Function.ARN)
	}
	p.name, _, _ = strings.Cut(strings.TrimPrefix(p.self.Resource, "function:"), ":")
	p.nameRest()
	p.Targets = slices.SortedFunc(slices.Values(s.Targets), func(a, b target.Loaded) int {
		return cmp.Or(cmp.Compare(a.Spec.SourceARN, b.Spec.SourceARN), cmp.Compare(a.ID, b.ID))
	})
	specs, err := p.specs()
	if err != nil {
		return nil, err
	}
	sources := make([]policy.Source, len(s.Mappings))
	for i, m := range s.Mappings {
		sources[i] = m.needs()
	}
	p.Function.OnFailure = s.Async.OnFailure
	if p.policy, err = p.Function.Policy(specs, sources); err != nil {
		return nil, err
	}
	if s.Alarms != "" {
		if err := alarms.CheckTopic(s.Alarms, p.self.Region); err != nil {
			return nil, err
		}
	}
	p.sortMappings()
	p.variables()
	return p, nil
}

// nameRest fills in the names that the user left out, as deploy does.
func (p *plan) nameRest() {
	a := p.self
	if p.Function.RoleARN == "" {
		p.Function.RoleARN = arn.ARN{Partition: a.Partition, Service: "iam", AccountID: a.AccountID, Resource: "role/" + p.name + "Role"}.String()
	}
	_, p.role, _ = strings.Cut(p.Function.RoleARN, ":role/")
	if i := strings.LastIndexByte(p.role, '/'); i >= 0 {
		p.rolePath, p.role = "/"+p.role[:i+1], p.role[i+1:]
	}
	if p.Function.TableARN == "" {
		a.Service, a.Resource = "dynamodb", "table/"+p.name+"Targets"
		p.Function.TableARN = a.String()
	}
	_, p.table, _ = strings.Cut(p.Function.TableARN, ":table/")
	p.logGroup = cmp.Or(p.Function.LogGroup, "/aws/lambda/"+p.name)
}

// specs returns the parsed targets, if none has a fault.
func (p *plan) specs() ([]sinks.Spec, error) {
	specs := make([]sinks.Spec, len(p.Targets))
	var faults []error
	for i := range p.Targets {
		specs[i] = p.Targets[i].Spec
		faults = append(faults, p.Targets[i].Err())
	}
	if p.Failures != nil {
		specs = append(specs, *p.Failures)
	}
	return specs, errors.Join(faults...)
}

// sortMappings puts streams and topics in order of their ARNs, and names them.
func (p *plan) sortMappings() {
	taken := make(names)
	for _, m := range slices.SortedFunc(slices.Values(p.Mappings), func(a, b Mapping) int { return cmp.Compare(a.Source, b.Source) }) {
		a, _ := arn.Parse(m.Source) // the policy code has checked it
		h := hook{Mapping: m, service: a.Service, region: a.Region}
		if awsname.IsKafka(m.Source) {
			topic, _, _ := awsname.KafkaParts(m.Source)
			h.service, h.name = awsname.Kafka, taken.unique(topic)
		} else {
			h.name = taken.unique(sourceName(a))
		}
		if h.service == "sns" {
			p.topics = append(p.topics, h)
		} else {
			p.streams = append(p.streams, h)
		}
	}
}

// sourceName returns the name of a stream, of the table that a stream belongs to, or
// of a topic.
func sourceName(a arn.ARN) string {
	if _, path, found := strings.Cut(a.Resource, "/"); found {
		name, _, _ := strings.Cut(path, "/")
		return name
	}
	return a.Resource
}

// variables collects the function's environment.
func (p *plan) variables() {
	all := maps.Clone(p.Environment)
	if all == nil {
		all = make(map[string]string)
	}
	all["FANOUT_TABLE"] = p.table
	all["FANOUT_METRICS"] = string(cmp.Or(p.Function.Metrics, metrics.ModeNone))
	if p.Function.Namespace != "" {
		all["FANOUT_METRICS_NAMESPACE"] = p.Function.Namespace
	}
	if p.Function.Tracing {
		all["FANOUT_TRACING"] = "xray"
	}
	if p.Function.LedgerTableARN != "" {
		all["FANOUT_LEDGER_TABLE"] = p.Function.LedgerTableARN
	}
	whole := slices.ContainsFunc(p.Mappings, func(m Mapping) bool { return !m.reports() })
	all["FANOUT_REPORT_BATCH_ITEM_FAILURES"] = strconv.FormatBool(!whole) // a mapping that asks for none takes the report as success
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p.environment = append(p.environment, variable{name, all[name]})
	}
}
