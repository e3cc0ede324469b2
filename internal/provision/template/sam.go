package template

import "fanout/internal/awsname"

// event is an event source of a function (SAM developer guide, EventSource).
type event struct {
	Type       string `yaml:"Type"`
	Properties any    `yaml:"Properties"`
}

type topicProperties struct {
	Topic  string `yaml:"Topic"`
	Region string `yaml:"Region,omitempty"`
}

// sam returns a template of the Serverless Application Model.
func (p *plan) sam() ([]byte, error) {
	s := p.common()
	s.Transform = "AWS::Serverless-2016-10-31"
	f := p.functionProperties()
	if p.Function.Tracing {
		f.Tracing = "Active"
	}
	f.CodeURI = object{{"Bucket", ref("CodeBucket")}, {"Key", ref("CodeKey")}}
	for i := range p.streams {
		h := &p.streams[i]
		if h.service == awsname.Kafka { // whose event would give the function rights beyond its policy
			s.Resources = append(s.Resources, h.mapping())
			continue
		}
		m := h.mappingProperties()
		if h.service == "sqs" {
			m.Queue = h.Source
			f.Events = append(f.Events, member{h.logical(), event{"SQS", m}})
			continue
		}
		m.Stream = h.Source
		f.Events = append(f.Events, member{h.logical(), event{map[string]string{"kinesis": "Kinesis", "dynamodb": "DynamoDB"}[h.service], m}})
	}
	for i := range p.topics {
		h := &p.topics[i]
		f.Events = append(f.Events, member{"Topic" + logical(h.name), event{"SNS", topicProperties{h.Source, p.regionElsewhere(h)}}})
	}
	s.Resources = append(s.Resources, member{"Function", resource{Type: "AWS::Serverless::Function", Properties: f}})
	return p.finish(s)
}
