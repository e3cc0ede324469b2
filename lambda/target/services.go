package target

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// located returns a Destination with the parts of an ARN.
func located(a arn.ARN) Destination {
	return Destination{ARN: a.String(), Region: a.Region, Account: a.AccountID, Partition: a.Partition}
}

// stream describes a service whose destination is a stream: Kinesis or Firehose.
type stream struct {
	service, resource string
	longest           int // name
}

func parseStream(text string, s stream) (Destination, error) {
	like := "arn:aws:" + s.service + ":eu-west-1:123456789012:" + s.resource + "/name"
	d := Destination{Name: text}
	if strings.HasPrefix(text, "arn:") {
		a, err := parseARN(text, s.service, like)
		if err != nil {
			return Destination{}, err
		}
		d = located(a)
		var ok bool
		if d.Name, ok = strings.CutPrefix(a.Resource, s.resource+"/"); !ok {
			return Destination{}, fmt.Errorf("%s is not a %s; write an ARN like %s", quote(text), s.resource, like)
		}
	}
	if !isName(d.Name, s.longest, "_.-") {
		return Destination{}, fmt.Errorf("%s is not the name of a %s (at most %d letters, digits and _ . -); write the name, or an ARN like %s",
			quote(d.Name), s.resource, s.longest, like)
	}
	return d, nil
}

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

func parseQueue(text string) (Destination, error) {
	const like = "https://sqs.eu-west-1.amazonaws.com/123456789012/name"
	var d Destination
	if strings.HasPrefix(text, "arn:") {
		a, err := parseARN(text, "sqs", "arn:aws:sqs:eu-west-1:123456789012:name")
		if err != nil {
			return Destination{}, err
		}
		d = located(a)
		d.Name = a.Resource
		d.url = "https://sqs." + a.Region + "." + suffix(a.Partition) + "/" + a.AccountID + "/" + a.Resource
	} else {
		u, ok := parseURL(text)
		if !ok || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return Destination{}, fmt.Errorf("%s is neither the URL nor the ARN of a queue; write one like %s", quote(text), like)
		}
		path := strings.Split(strings.Trim(u.Path, "/"), "/")
		if isAWSHost(u.Hostname()) && (len(path) != 2 || !isAccount(path[0])) {
			return Destination{}, fmt.Errorf("the path of %s is not an account and the name of a queue; write a URL like %s", quote(text), like)
		}
		d.Name, d.Region = path[len(path)-1], queueRegion(u.Hostname())
		d.url = strings.TrimRight(text, "/")
		if len(path) > 1 && isAccount(path[len(path)-2]) {
			d.Account = path[len(path)-2]
		}
	}
	if !isFIFOName(d.Name, 80) {
		return Destination{}, fmt.Errorf("%s is not the name of a queue (at most 80 letters, digits, _ and -, perhaps .fifo at the end); write a URL like %s",
			quote(d.Name), like)
	}
	d.FIFO = strings.HasSuffix(d.Name, ".fifo")
	return d, nil
}

// queueRegion returns the region in the host of a queue's URL. It follows sqs or, in older
// URLs, precedes queue (AWS General Reference, Amazon SQS endpoints).
func queueRegion(host string) string {
	if !isAWSHost(host) {
		return ""
	}
	labels := strings.Split(host, ".")
	for i, l := range labels[:len(labels)-1] {
		switch {
		case (l == "sqs" || l == "sqs-fips") && IsRegion(labels[i+1]):
			return labels[i+1]
		case l == "queue" && i > 0 && IsRegion(labels[i-1]):
			return labels[i-1]
		case l == "queue" && i == 0:
			return "us-east-1"
		}
	}
	return ""
}

// parseFunction parses a function as the Lambda API accepts it (Lambda API, Invoke,
// FunctionName): a name, an ARN, or a partial ARN that starts with the account. Each may
// have a qualifier.
func parseFunction(text string) (Destination, error) {
	const want = "write a function's name or an ARN like arn:aws:lambda:eu-west-1:123456789012:function:name, either with :alias or :version"
	var d Destination
	rest := text
	if strings.HasPrefix(text, "arn:") {
		a, err := parseARN(text, "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:name")
		if err != nil {
			return Destination{}, err
		}
		d, rest = located(a), a.Resource
		if !strings.HasPrefix(rest, "function:") {
			return Destination{}, fmt.Errorf("%s is not a function; %s", quote(text), want)
		}
	} else if account, after, found := strings.Cut(text, ":"); found && isAccount(account) && strings.HasPrefix(after, "function:") {
		d.Account, rest = account, after
	}
	rest = strings.TrimPrefix(rest, "function:")
	name, qualifier, qualified := strings.Cut(rest, ":")
	if !isName(name, 64, "_-") || qualified && !isName(strings.TrimPrefix(qualifier, "$"), 128, "_-") {
		return Destination{}, fmt.Errorf("%s is not a function; %s", quote(text), want)
	}
	d.Name, d.Qualifier = name, qualifier
	if qualified {
		d.ARN = strings.TrimSuffix(d.ARN, ":"+qualifier)
	}
	if d.ARN == "" && d.Account != "" {
		d.Name = d.Account + ":function:" + name
	}
	return d, nil
}

// parseURL parses an http or https URL with a valid host.
func parseURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return nil, false
	}
	u.Host = strings.ToLower(u.Host) // RFC 4343
	_, ok := hostPort(u.Host, "")
	return u, ok
}
