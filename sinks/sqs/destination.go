package sqs

import (
	"fmt"
	"net/url"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Endpoint returns the scheme and host of a queue's URL if they differ from the service's
// default host in its region. Otherwise it returns "".
func Endpoint(d *sinks.Destination) string {
	u, err := url.Parse(d.Address)
	if err != nil || d.ARN != "" || d.Address == "" {
		return ""
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(d.Region, "cn-") {
		domain = awsname.Suffixes["aws-cn"]
	}
	if d.Region != "" && u.Scheme == "https" && u.Host == "sqs."+d.Region+"."+domain {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func Parse(text string) (sinks.Destination, error) {
	const like = "https://sqs.eu-west-1.amazonaws.com/123456789012/name"
	var d sinks.Destination
	if strings.HasPrefix(text, "arn:") {
		a, err := awsname.ParseARN(text, "sqs", "arn:aws:sqs:eu-west-1:123456789012:name")
		if err != nil {
			return sinks.Destination{}, err
		}
		d = place.Located(a)
		d.Name = a.Resource
		d.Address = "https://sqs." + a.Region + "." + awsname.Suffix(a.Partition) + "/" + a.AccountID + "/" + a.Resource
	} else {
		u, ok := awsname.ParseURL(text)
		if !ok || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return sinks.Destination{}, fmt.Errorf("%s is neither the URL nor the ARN of a queue; write one like %s", awsname.Quote(text), like)
		}
		path := strings.Split(strings.Trim(u.Path, "/"), "/")
		if awsname.IsAWSHost(u.Hostname()) && (len(path) != 2 || !awsname.IsAccount(path[0])) {
			return sinks.Destination{}, fmt.Errorf("the path of %s is not an account and the name of a queue; write a URL like %s", awsname.Quote(text), like)
		}
		d.Name, d.Region = path[len(path)-1], queueRegion(u.Hostname())
		d.Address = strings.TrimRight(text, "/")
		if len(path) > 1 && awsname.IsAccount(path[len(path)-2]) {
			d.Account = path[len(path)-2]
		}
	}
	if !awsname.IsFIFOName(d.Name, 80) {
		return sinks.Destination{}, fmt.Errorf("%s is not the name of a queue (at most 80 letters, digits, _ and -, perhaps .fifo at the end); write a URL like %s",
			awsname.Quote(d.Name), like)
	}
	d.FIFO = strings.HasSuffix(d.Name, ".fifo")
	return d, nil
}

// queueRegion returns the region in the host of a queue's URL. It follows sqs or, in older
// URLs, precedes queue (AWS General Reference, Amazon SQS endpoints).
func queueRegion(host string) string {
	if !awsname.IsAWSHost(host) {
		return ""
	}
	labels := strings.Split(host, ".")
	for i, l := range labels[:len(labels)-1] {
		switch {
		case (l == "sqs" || l == "sqs-fips") && awsname.IsRegion(labels[i+1]):
			return labels[i+1]
		case l == "queue" && i > 0 && awsname.IsRegion(labels[i-1]):
			return labels[i-1]
		case l == "queue" && i == 0:
			return "us-east-1"
		}
	}
	return ""
}
