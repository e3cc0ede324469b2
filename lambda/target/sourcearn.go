package target

import "fanout/internal/awsname"

// CheckSource reports whether text is the ARN of a source, and returns its service.
func CheckSource(text string) (service string, ok bool) {
	service, err := sourceService(text)
	return service, err == nil
}

// sourceService returns the service of a source's ARN, such as kinesis.
func sourceService(text string) (string, error) {
	kind, err := awsname.CheckSource(text)
	if err != nil {
		return "", err
	}
	return kind.Service, nil
}
