package target

import (
	"fmt"
	"net/url"
	"strings"
)

// QueueEndpoint returns the scheme and host of a queue's URL if they differ from the service's
// default host in its region. Otherwise it returns "".
func QueueEndpoint(d *Destination) string {
	u, err := url.Parse(d.url)
	if err != nil || d.ARN != "" || d.url == "" {
		return ""
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(d.Region, "cn-") {
		domain = suffixes["aws-cn"]
	}
	if d.Region != "" && u.Scheme == "https" && u.Host == "sqs."+d.Region+"."+domain {
		return ""
	}
	return u.Scheme + "://" + u.Host
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
