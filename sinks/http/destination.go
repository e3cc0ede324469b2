package http

import (
	"errors"
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/sinks"
)

// Parse parses the URL of a web server. It may have a path and a query. Its error shows
// neither, because senders put keys there.
func Parse(text string) (sinks.Destination, error) {
	const want = "write one like https://hooks.example.com/orders"
	u, ok := awsname.ParseURL(text)
	switch {
	case !ok:
		return sinks.Destination{}, errors.New("is not the URL of a web server; " + want)
	case u.User != nil:
		return sinks.Destination{}, errors.New("has a user or password; write auth: basic, and the ARN of a secret with them as secret")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return sinks.Destination{}, errors.New("has a part behind #, which no server gets; remove it")
	case jq.HasPlace(text):
		return sinks.Destination{}, errors.New("has a place such as ${.id}, and all records of a target go to one URL; write a target for each URL, with a filter")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return sinks.Destination{Host: u.Host, Address: u.String()}, nil
}

// signingOf returns the SigV4 service and region of a host: API Gateway (its developer
// guide, Invoke a REST API), or the URL of a Lambda function (Lambda guide, Function URLs).
// A host outside AWS may be a custom domain of API Gateway, in the target's region. Service
// is "" if requests to the host cannot be signed.
func signingOf(host string) (service, region string) {
	if !awsname.IsAWSHost(host) {
		return executeAPI, ""
	}
	labels := strings.Split(host, ".")
	for i, label := range labels[:len(labels)-1] {
		next := labels[i+1]
		switch {
		case !awsname.IsRegion(next):
		case label == executeAPI:
			return executeAPI, next
		case label == "lambda-url":
			return lambdaURL, next
		}
	}
	return "", ""
}

// The SigV4 services of targets.
const (
	executeAPI = "execute-api"
	lambdaURL  = "lambda"
)

// rights allows the requests of auth sigv4. Other requests carry no credentials of AWS.
//
// A function's URL does not name its function. A role may so call all URLs with a right,
// and the function's own policy allows the rest (Lambda guide, Control access to Lambda
// function URLs).
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	if s.Auth != sinks.AuthSigV4 {
		return nil, nil
	}
	d := s.Destination
	if d.Signing == lambdaURL {
		return []sinks.Right{{Sid: "SendToFunctionURLs", Actions: []string{"lambda:InvokeFunctionUrl"}, Resource: at.ARN(s, "lambda", "function:*")}}, nil
	}
	u, ok := awsname.ParseURL(d.URL())
	if !ok {
		return nil, fmt.Errorf("the destination %.200q is not a URL", d)
	}
	// API Gateway developer guide, Control access for invoking an API:
	// api-id/stage/method/path. A custom domain names neither API nor stage.
	resource := "*/*/POST/*"
	if id, _, _ := strings.Cut(d.Host, "."); awsname.IsAWSHost(u.Hostname()) {
		stage, path, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		resource = sinks.Literal(id) + "/" + sinks.Literal(stage) + "/POST/" + sinks.Literal(path)
		if stage == "" { // the stage $default of an HTTP API is in no path
			resource = sinks.Literal(id) + "/*"
		}
	}
	return []sinks.Right{{Sid: "SendToAPIGateway", Actions: []string{"execute-api:Invoke"}, Resource: at.ARN(s, executeAPI, resource)}}, nil
}
