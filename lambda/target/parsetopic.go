package target

import (
	"fmt"
	"strings"
)

func parseTopic(text string) (Destination, error) {
	const like = "arn:aws:sns:eu-west-1:123456789012:name"
	a, err := parseARN(text, "sns", like)
	if err != nil {
		return Destination{}, err
	}
	if !isFIFOName(a.Resource, 256) {
		return Destination{}, fmt.Errorf("%s is not a topic; write an ARN like %s", quote(text), like)
	}
	d := located(a)
	d.Name, d.FIFO = a.Resource, strings.HasSuffix(a.Resource, ".fifo")
	return d, nil
}
