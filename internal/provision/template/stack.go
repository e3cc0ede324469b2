package template

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"

	"fanout/internal/provision/code"
	"fanout/internal/provision/policy"
	"fanout/lambda/target"
)

// stack is a CloudFormation template (CloudFormation user guide, Template sections).
type stack struct {
	Version     string `yaml:"AWSTemplateFormatVersion"`
	Transform   string `yaml:"Transform,omitempty"`
	Description string `yaml:"Description"`
	Metadata    any    `yaml:"Metadata,omitempty"`
	Parameters  object `yaml:"Parameters"`
	Resources   object `yaml:"Resources"`
	Outputs     object `yaml:"Outputs"`
}

// object is a mapping that keeps its order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalYAML implements yaml.Marshaler.
func (o object) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, m := range o {
		var key, value yaml.Node
		if err := key.Encode(m.name); err != nil {
			return nil, err
		}
		if err := value.Encode(m.value); err != nil {
			return nil, err
		}
		n.Content = append(n.Content, &key, &value)
	}
	return n, nil
}

// intrinsic is a function of CloudFormation in its short form, like !Ref.
type intrinsic struct{ tag, value string }

// MarshalYAML implements yaml.Marshaler.
func (i intrinsic) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: i.tag, Value: i.value}, nil
}

func ref(name string) intrinsic { return intrinsic{"!Ref", name} }

func arnOf(name string) intrinsic { return intrinsic{"!GetAtt", name + ".Arn"} }

// resource is a resource of a stack. Retained resources outlive the stack.
type resource struct {
	Type          string   `yaml:"Type"`
	DependsOn     []string `yaml:"DependsOn,omitempty"`
	DeletePolicy  string   `yaml:"DeletionPolicy,omitempty"`
	ReplacePolicy string   `yaml:"UpdateReplacePolicy,omitempty"`
	Properties    any      `yaml:"Properties"`
}

// parameter is a value that the user supplies when the stack is created.
type parameter struct {
	Type        string `yaml:"Type"`
	Description string `yaml:"Description"`
}

// common returns the parts that both kinds of template share: all but the function and
// its hooks.
func (p *plan) common() stack {
	return stack{
		Version:     "2010-09-09",
		Description: "fanout function " + p.name + ": takes batches of records and delivers them to its targets",
		Metadata:    p.metadata(),
		Parameters: object{
			{"CodeBucket", parameter{"String", "S3 bucket with the packaged function, in the region of the stack"}},
			{"CodeKey", parameter{"String", "Key of the packaged function in the bucket, such as " + p.zip()}},
		},
		Resources: object{
			{"Role", resource{Type: "AWS::IAM::Role", Properties: roleProperties{
				RoleName: p.role, Path: p.rolePath, Trust: policy.Trust(),
				Policies: []inlinePolicy{{"fanout", p.policy}},
			}}},
			{"Targets", resource{Type: "AWS::DynamoDB::Table", DeletePolicy: "Retain", ReplacePolicy: "Retain", Properties: tableProperties{
				TableName:   p.table,
				BillingMode: "PAY_PER_REQUEST",
				Attributes:  []attributeDefinition{{"sourceArn", "S"}, {"id", "S"}},
				Keys:        []keySchema{{"sourceArn", "HASH"}, {"id", "RANGE"}},
				Recovery:    map[string]bool{"PointInTimeRecoveryEnabled": true},
				Encryption:  map[string]bool{"SSEEnabled": true},
			}}},
			{"Logs", resource{Type: "AWS::Logs::LogGroup", DeletePolicy: "Delete", ReplacePolicy: "Retain", Properties: logProperties{p.logGroup, p.Retention}}},
		},
		Outputs: object{{"FunctionArn", map[string]any{"Description": "ARN of the function", "Value": arnOf("Function")}}},
	}
}

// zip is the release name of the packaged function.
func (p *plan) zip() string { return code.FileName(p.Architecture) }

// metadata has the targets in the form of a targets file, because no CloudFormation
// resource is an item of a table.
func (p *plan) metadata() any {
	if len(p.Targets) == 0 {
		return nil
	}
	items := make([]object, len(p.Targets))
	for i := range p.Targets {
		items[i] = attributesOf(p.Targets[i].Attributes)
	}
	return object{{"Fanout", object{
		{"Load", "CloudFormation cannot write items to a table. Save the key targets and everything below it as targets.yaml, and run: fanout apply targets.yaml --function " + p.name},
		{"targets", items},
	}}}
}

// attributesOf returns the attributes of a target in YAML's form.
func attributesOf(values target.Values) object {
	var o object
	for _, name := range attributeNames(values) {
		v := values[name]
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: v.Text}
		switch v.Kind {
		case target.Bool:
			n.Tag = "!!bool"
		case target.Number:
			n.Tag = "!!int"
		default:
			n.Tag = "!!str"
		}
		o = append(o, member{name, n})
	}
	return o
}

// attributeNames returns the names of set attributes, in the order that users see.
// Attributes that the function does not know are left out.
func attributeNames(values target.Values) []string {
	var names []string
	for _, a := range target.Attributes() {
		if v, ok := values[a.Name]; ok && v.Kind != target.Null {
			names = append(names, a.Name)
		}
	}
	return names
}

// finish adds the resources that both kinds of template put last, and returns the template.
func (p *plan) finish(s stack) ([]byte, error) {
	watch, err := p.watchResources()
	if err != nil {
		return nil, err
	}
	s.Resources = slices.Concat(s.Resources, p.asyncResources(), watch)
	return s.encode()
}

// encode returns the stack in YAML.
func (s stack) encode() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	err := e.Close()
	return b.Bytes(), err
}
