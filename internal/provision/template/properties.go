package template

import (
	"fanout/internal/awsname"
	"fanout/internal/provision/policy"
)

// The properties of resources (CloudFormation user guide, AWS resource and property
// types reference).

type roleProperties struct {
	RoleName string          `yaml:"RoleName"`
	Path     string          `yaml:"Path,omitempty"`
	Trust    policy.Document `yaml:"AssumeRolePolicyDocument"`
	Policies []inlinePolicy  `yaml:"Policies"`
}

type inlinePolicy struct {
	Name     string          `yaml:"PolicyName"`
	Document policy.Document `yaml:"PolicyDocument"`
}

type tableProperties struct {
	TableName   string                `yaml:"TableName"`
	BillingMode string                `yaml:"BillingMode"`
	Attributes  []attributeDefinition `yaml:"AttributeDefinitions"`
	Keys        []keySchema           `yaml:"KeySchema"`
	Recovery    map[string]bool       `yaml:"PointInTimeRecoverySpecification"`
	Encryption  map[string]bool       `yaml:"SSESpecification"`
}

type attributeDefinition struct {
	Name string `yaml:"AttributeName"`
	Type string `yaml:"AttributeType"`
}

type keySchema struct {
	Name string `yaml:"AttributeName"`
	Type string `yaml:"KeyType"`
}

type logProperties struct {
	Name      string `yaml:"LogGroupName"`
	Retention int    `yaml:"RetentionInDays,omitempty"`
}

// functionProperties are of AWS::Lambda::Function with Code, and of
// AWS::Serverless::Function with CodeURI and Events.
type functionProperties struct {
	Name          string         `yaml:"FunctionName"`
	Runtime       string         `yaml:"Runtime"`
	Handler       string         `yaml:"Handler"`
	Architectures []string       `yaml:"Architectures"`
	Memory        int            `yaml:"MemorySize"`
	Timeout       int            `yaml:"Timeout"`
	Role          intrinsic      `yaml:"Role"`
	Code          object         `yaml:"Code,omitempty"`
	CodeURI       object         `yaml:"CodeUri,omitempty"`
	Environment   object         `yaml:"Environment"`
	VPC           *vpcConfig     `yaml:"VpcConfig,omitempty"`
	Logging       map[string]any `yaml:"LoggingConfig"`
	Tracing       string         `yaml:"Tracing,omitempty"`       // of SAM
	TracingConfig object         `yaml:"TracingConfig,omitempty"` // of CloudFormation
	Events        object         `yaml:"Events,omitempty"`
}

type vpcConfig struct {
	Subnets        []string `yaml:"SubnetIds"`
	SecurityGroups []string `yaml:"SecurityGroupIds"`
}

// mappingProperties are of AWS::Lambda::EventSourceMapping, with Source and
// Function, and of SAM's events Kinesis and DynamoDB, with Stream, and SQS, with Queue.
type mappingProperties struct {
	Source        string             `yaml:"EventSourceArn,omitempty"`
	Function      *intrinsic         `yaml:"FunctionName,omitempty"`
	Stream        string             `yaml:"Stream,omitempty"`
	Queue         string             `yaml:"Queue,omitempty"`
	Enabled       bool               `yaml:"Enabled"`
	Position      string             `yaml:"StartingPosition,omitempty"`
	Time          int64              `yaml:"StartingPositionTimestamp,omitempty"`
	BatchSize     int                `yaml:"BatchSize,omitempty"`
	Window        int                `yaml:"MaximumBatchingWindowInSeconds,omitempty"`
	Factor        int                `yaml:"ParallelizationFactor,omitempty"`
	Retries       *int               `yaml:"MaximumRetryAttempts,omitempty"`
	Age           int                `yaml:"MaximumRecordAgeInSeconds,omitempty"`
	Bisect        *bool              `yaml:"BisectBatchOnFunctionError,omitempty"`
	Scaling       map[string]int     `yaml:"ScalingConfig,omitempty"`
	OnFailure     *destinationConfig `yaml:"DestinationConfig,omitempty"`
	Filters       *filterCriteria    `yaml:"FilterCriteria,omitempty"`
	ResponseTypes []string           `yaml:"FunctionResponseTypes,omitempty"`

	kafkaProperties `yaml:",inline"`
}

type destinationConfig struct {
	OnFailure map[string]string `yaml:"OnFailure"`
}

type filterCriteria struct {
	Filters []map[string]string `yaml:"Filters"`
}

type subscriptionProperties struct {
	Topic    string    `yaml:"TopicArn"`
	Region   string    `yaml:"Region,omitempty"`
	Protocol string    `yaml:"Protocol"`
	Endpoint intrinsic `yaml:"Endpoint"`
}

type asyncProperties struct {
	Function  intrinsic          `yaml:"FunctionName"`
	Qualifier string             `yaml:"Qualifier"`
	Retries   *int32             `yaml:"MaximumRetryAttempts,omitempty"`
	Age       *int32             `yaml:"MaximumEventAgeInSeconds,omitempty"`
	OnFailure *destinationConfig `yaml:"DestinationConfig,omitempty"`
}

// asyncResources returns the function's settings for asynchronous invocations, if it
// has any. SAM takes them in CloudFormation's form.
func (p *plan) asyncResources() object {
	if !p.Async.set() {
		return nil
	}
	a := asyncProperties{Function: ref("Function"), Qualifier: "$LATEST", Retries: p.Async.Retries, Age: p.Async.Age}
	if p.Async.OnFailure != "" {
		a.OnFailure = &destinationConfig{map[string]string{"Destination": p.Async.OnFailure}}
	}
	return object{{"Async", resource{Type: "AWS::Lambda::EventInvokeConfig", Properties: a}}}
}

type permissionProperties struct {
	Function  intrinsic `yaml:"FunctionName"`
	Action    string    `yaml:"Action"`
	Principal string    `yaml:"Principal"`
	Source    string    `yaml:"SourceArn"`
}

// functionProperties returns the properties of the function that both kinds of template
// share.
func (p *plan) functionProperties() functionProperties {
	var variables object
	for _, v := range p.environment {
		variables = append(variables, member{v.name, v.value})
	}
	f := functionProperties{
		Name: p.name, Runtime: "provided.al2023", Handler: "bootstrap", Architectures: []string{p.Architecture},
		Memory: p.Memory, Timeout: p.Timeout, Role: arnOf("Role"),
		Environment: object{{"Variables", variables}},
		Logging:     map[string]any{"LogGroup": ref("Logs")},
	}
	if p.Function.VPC {
		f.VPC = &vpcConfig{p.Subnets, p.SecurityGroups}
	}
	return f
}

// mappingProperties returns the properties of a stream that both kinds of template
// share.
func (h *hook) mappingProperties() mappingProperties {
	m := mappingProperties{
		Enabled: !h.Disabled, Position: h.StartingPosition, BatchSize: h.BatchSize, Window: h.Window,
		Factor: h.ParallelizationFactor, Age: h.MaximumRecordAge,
	}
	if h.reports() {
		m.ResponseTypes = []string{"ReportBatchItemFailures"}
	}
	if h.service == awsname.Kafka {
		m.kafkaProperties = h.kafkaProperties()
	}
	if h.retries() {
		m.Retries, m.Bisect = &h.MaximumRetryAttempts, &h.Bisect
	}
	if h.MaximumConcurrency > 0 {
		m.Scaling = map[string]int{"MaximumConcurrency": h.MaximumConcurrency}
	}
	if !h.StartingTime.IsZero() {
		m.Time = h.StartingTime.Unix()
	}
	if h.OnFailure != "" {
		m.OnFailure = &destinationConfig{map[string]string{"Destination": h.OnFailure}}
	}
	if len(h.Filters) > 0 {
		m.Filters = new(filterCriteria)
		for _, pattern := range h.Filters {
			m.Filters.Filters = append(m.Filters.Filters, map[string]string{"Pattern": pattern})
		}
	}
	return m
}

// regionElsewhere returns the region of a hook unless it is the function's.
func (p *plan) regionElsewhere(h *hook) string {
	if h.region == p.self.Region {
		return ""
	}
	return h.region
}
