package place

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// Stream parses the name or ARN of a stream of a service, with a name of at most
// longest bytes.
func Stream(text, service, resource string, longest int) (sinks.Destination, error) {
	like := "arn:aws:" + service + ":eu-west-1:123456789012:" + resource + "/name"
	d := sinks.Destination{Name: text}
	if strings.HasPrefix(text, "arn:") {
		a, err := awsname.ParseARN(text, service, like)
		if err != nil {
			return sinks.Destination{}, err
		}
		d = Located(a)
		var ok bool
		if d.Name, ok = strings.CutPrefix(a.Resource, resource+"/"); !ok {
			return sinks.Destination{}, fmt.Errorf("%s is not a %s; write an ARN like %s", awsname.Quote(text), resource, like)
		}
	}
	if !awsname.IsName(d.Name, longest, "_.-") {
		return sinks.Destination{}, fmt.Errorf("%s is not the name of a %s (at most %d letters, digits and _ . -); write the name, or an ARN like %s",
			awsname.Quote(d.Name), resource, longest, like)
	}
	return d, nil
}
