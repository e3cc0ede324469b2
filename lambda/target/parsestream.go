package target

import (
	"fmt"
	"strings"
)

// parseStream parses the name or ARN of a stream of a service, with a name of at most
// longest bytes.
func parseStream(text, service, resource string, longest int) (Destination, error) {
	like := "arn:aws:" + service + ":eu-west-1:123456789012:" + resource + "/name"
	d := Destination{Name: text}
	if strings.HasPrefix(text, "arn:") {
		a, err := parseARN(text, service, like)
		if err != nil {
			return Destination{}, err
		}
		d = located(a)
		var ok bool
		if d.Name, ok = strings.CutPrefix(a.Resource, resource+"/"); !ok {
			return Destination{}, fmt.Errorf("%s is not a %s; write an ARN like %s", quote(text), resource, like)
		}
	}
	if !isName(d.Name, longest, "_.-") {
		return Destination{}, fmt.Errorf("%s is not the name of a %s (at most %d letters, digits and _ . -); write the name, or an ARN like %s",
			quote(d.Name), resource, longest, like)
	}
	return d, nil
}
