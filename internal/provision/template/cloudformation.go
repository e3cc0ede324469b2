package template

// mapping returns the resource of a mapping.
func (h *hook) mapping() member {
	m, function := h.mappingProperties(), arnOf("Function")
	m.Source, m.Function = h.source(), &function
	return member{h.logical(), resource{Type: "AWS::Lambda::EventSourceMapping", Properties: m}}
}

// cloudFormation returns a template without transforms.
func (p *plan) cloudFormation() ([]byte, error) {
	s := p.common()
	f := p.functionProperties()
	if p.Function.Tracing {
		f.TracingConfig = object{{"Mode", "Active"}}
	}
	f.Code = object{{"S3Bucket", ref("CodeBucket")}, {"S3Key", ref("CodeKey")}}
	s.Resources = append(s.Resources, member{"Function", resource{Type: "AWS::Lambda::Function", Properties: f}})
	function := arnOf("Function")
	for i := range p.streams {
		s.Resources = append(s.Resources, p.streams[i].mapping())
	}
	for i := range p.topics {
		h := &p.topics[i]
		may := "Topic" + logical(h.name) + "Permission"
		s.Resources = append(s.Resources,
			member{may, resource{Type: "AWS::Lambda::Permission", Properties: permissionProperties{function, "lambda:InvokeFunction", "sns.amazonaws.com", h.Source}}},
			member{"Topic" + logical(h.name), resource{
				Type: "AWS::SNS::Subscription", DependsOn: []string{may},
				Properties: subscriptionProperties{h.Source, p.regionElsewhere(h), "lambda", function},
			}})
	}
	return p.finish(s)
}
