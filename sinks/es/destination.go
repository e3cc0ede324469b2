package es

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/sinks"
)

// searchWant describes the destination of a target of type es.
const searchWant = "write host#index, host#index/type or a URL like https://host:9200/index"

// Parse parses host#index, host#index/type, or a URL. The index of a URL follows a #
// or is the path.
func Parse(text string) (sinks.Destination, error) {
	base := text
	if !strings.Contains(text, "://") {
		base = "https://" + text
		if !strings.Contains(text, "#") {
			return sinks.Destination{}, fmt.Errorf("%s has no index; %s", awsname.Quote(text), searchWant)
		}
	}
	base, index, hashed := strings.Cut(base, "#")
	if jq.IsTemplate(base) {
		return sinks.Destination{}, errors.New("has a place outside of the index; write host#index, like host#orders-${.type}")
	}
	u, ok := awsname.ParseURL(base)
	if !ok || u.RawQuery != "" {
		return sinks.Destination{}, fmt.Errorf("%s is not an endpoint; %s", awsname.Quote(text), searchWant)
	}
	if !hashed {
		index, u.Path, u.RawPath = u.Path, "", ""
	}
	d := sinks.Destination{Host: u.Host}
	if jq.IsTemplate(index) {
		if err := checkTemplate(index); err != nil {
			return sinks.Destination{}, err
		}
		d.Index = index
	} else {
		d.Index, d.DocType = splitIndex(index)
		if d.Index == "" {
			return sinks.Destination{}, fmt.Errorf("%s has no index; %s", awsname.Quote(text), searchWant)
		}
		if err := checkIndex(d.Index, d.DocType); err != nil {
			return sinks.Destination{}, err
		}
	}
	d.Address = strings.TrimRight(u.String(), "/")
	d.Signing, d.Region = searchService(u.Hostname())
	if u.User == nil {
		return d, nil
	}
	switch _, ok := u.User.Password(); {
	case !ok:
		return sinks.Destination{}, errors.New("has a user but no password; write https://user:password@host/index, or remove the user")
	case d.Signing == "aoss":
		return sinks.Destination{}, fmt.Errorf("has a user and password, but %s accepts only signed requests; remove them", d.Host)
	}
	d.Signing = "" // a request has only one Authorization header, and a password in the URL takes precedence
	return d, nil
}

// IsDomain reports whether the host is an endpoint of an OpenSearch Service
// domain.
func IsDomain(d *sinks.Destination) bool {
	host, _, _ := strings.Cut(d.Host, ":")
	service, _ := searchService(host)
	return service == "es"
}

// IsCustom reports whether requests are signed for an OpenSearch Service domain that the host
// does not name.
func IsCustom(d *sinks.Destination) bool {
	host, _, _ := strings.Cut(d.Host, ":")
	return d.Signing == "es" && !awsname.IsAWSHost(host)
}

// splitIndex splits index/type. A date math name, such as <logs-{now/d}>, contains slashes
// and may be URL-escaped.
func splitIndex(text string) (index, docType string) {
	text = strings.Trim(text, "/")
	if plain, err := url.PathUnescape(text); err == nil && strings.HasPrefix(plain, "<") {
		text = plain
	}
	if strings.HasPrefix(text, "<") {
		index, docType, found := strings.Cut(text, ">/")
		if found {
			index += ">"
		}
		return index, docType
	}
	index, docType, _ = strings.Cut(text, "/")
	return index, docType
}

// checkIndex checks the names of an index and a mapping type.
func checkIndex(index, docType string) error {
	switch {
	case index == "_bulk" || docType == "_bulk":
		return errors.New("ends in /_bulk, which fanout adds to every request; remove it")
	case strings.HasPrefix(index, "<"):
		if !isDateMath(index) {
			return fmt.Errorf("%s is not an index name with date math; write one like <logs-{now/d}> or <logs-{now/M{yyyy.MM}}>", awsname.Quote(index))
		}
	case !isIndexName(index):
		return fmt.Errorf("%s is not an index or type; %s", awsname.Quote(index), searchWant)
	case strings.ContainsAny(index[:1], "._-+"):
		// Create index API: no name begins with _ - or +. A name that begins with a dot is
		// a hidden or system index, such as the indexes behind a data stream.
		return fmt.Errorf("%s is not an index to write to: a name that begins with . _ - or + is hidden or not allowed; name another index, an alias or a data stream", awsname.Quote(index))
	}
	if docType != "" && (!isIndexName(docType) || docType[0] == '_' && docType != "_doc") {
		return fmt.Errorf("%s is not an index or type; %s", awsname.Quote(docType), searchWant)
	}
	return nil
}

// checkTemplate checks an index with places, such as orders-${.type}.
func checkTemplate(index string) error {
	t, err := jq.ParseTemplate(index)
	if err != nil {
		return fmt.Errorf("has a fault in its index: %w", err)
	}
	sample := t.Map(func(text string) string { return text }, "x")
	if !isIndexName(sample) || strings.ContainsAny(sample[:1], "._-+") {
		return fmt.Errorf("%s is not an index with places, which has neither a type nor date math; write one like orders-${.type}", awsname.Quote(index))
	}
	return nil
}

// isIndexName reports whether name has only characters of an index name (Elasticsearch
// guide, Create index). It rejects characters that a path must escape. They do not work in
// an alias or type either.
func isIndexName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 && !strings.ContainsAny(name, `\/*?"<>| ,#:%&`)
}

// isDateMath reports whether name is a date math expression, which the cluster evaluates
// for each request. It has angle brackets around static text and {now…}, which may hold a
// format and a time zone in braces of its own (Elasticsearch guide, Date math support in
// index names).
func isDateMath(name string) bool {
	rest, opened := strings.CutPrefix(name, "<")
	rest, closed := strings.CutSuffix(rest, ">")
	if !opened || !closed || len(name) > 255 || strings.ContainsAny(rest[:min(len(rest), 1)], "._-+") {
		return false
	}
	dates := 0
	for ; rest != ""; dates++ {
		static, more, found := strings.Cut(rest, "{")
		if static != "" && (!isIndexName(static) || strings.Contains(static, "}")) {
			return false
		}
		if !found {
			break
		}
		expression, more, _ := strings.Cut(more, "}")
		if math, format, formatted := strings.Cut(expression, "{"); formatted {
			expression = math
			if !strings.HasPrefix(more, "}") || format == "" {
				return false
			}
			more = more[1:]
		}
		if offset, ok := strings.CutPrefix(expression, "now"); !ok || strings.Trim(offset, "0123456789+-/yMwdhHms") != "" {
			return false
		}
		rest = more
	}
	return dates > 0
}

// searchService returns the SigV4 service and region in an AWS host name, or "" for other
// hosts. Examples are search-x.eu-west-1.es.amazonaws.com, x.eu-west-1.aoss.amazonaws.com
// and search-x.aos.eu-west-1.on.aws (OpenSearch Service guide, endpoints).
func searchService(host string) (service, region string) {
	if !awsname.IsAWSHost(host) {
		return "", ""
	}
	labels := strings.Split(host, ".")
	for i, l := range labels {
		switch l {
		case "es", "aos":
			service = "es"
		case "aoss":
			service = "aoss"
		default:
			continue
		}
		if i > 0 && awsname.IsRegion(labels[i-1]) && l != "aos" {
			return service, labels[i-1]
		}
		if awsname.IsRegion(labels[i+1]) { // more labels of the AWS domain follow
			return service, labels[i+1]
		}
		return service, ""
	}
	return "", ""
}
