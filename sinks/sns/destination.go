package sns

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

func Parse(text string) (sinks.Destination, error) {
	const like = "arn:aws:sns:eu-west-1:123456789012:name"
	a, err := awsname.ParseARN(text, "sns", like)
	if err != nil {
		return sinks.Destination{}, err
	}
	if !awsname.IsFIFOName(a.Resource, 256) {
		return sinks.Destination{}, fmt.Errorf("%s is not a topic; write an ARN like %s", awsname.Quote(text), like)
	}
	d := place.Located(a)
	d.Name, d.FIFO = a.Resource, strings.HasSuffix(a.Resource, ".fifo")
	return d, nil
}
