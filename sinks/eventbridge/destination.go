package eventbridge

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses the name or ARN of an event bus.
func Parse(text string) (sinks.Destination, error) {
	const like = "arn:aws:events:eu-west-1:123456789012:event-bus/name"
	d := sinks.Destination{Name: text}
	if awsname.IsARN(text) {
		a, err := awsname.ParseARN(text, "events", like)
		if err != nil {
			return sinks.Destination{}, err
		}
		d = place.Located(a)
		var ok bool
		if d.Name, ok = strings.CutPrefix(a.Resource, "event-bus/"); !ok {
			return sinks.Destination{}, fmt.Errorf("%s is not an event bus; write an ARN like %s", awsname.Quote(text), like)
		}
	}
	if strings.HasPrefix(d.Name, "aws.partner/") {
		return sinks.Destination{}, fmt.Errorf("%s is the bus of a partner, which takes events from that partner alone; write the name of another bus", awsname.Quote(d.Name))
	}
	if !awsname.IsName(d.Name, 256, "_.-") {
		return sinks.Destination{}, fmt.Errorf("%s is not the name of an event bus (at most 256 letters, digits and _ . -); write the name, or an ARN like %s",
			awsname.Quote(d.Name), like)
	}
	return d, nil
}
