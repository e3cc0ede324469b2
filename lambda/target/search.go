package target

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// searchWant says how to write the destination of a target of type es.
const searchWant = "write host#index, host#index/type or a URL like https://host:9200/index"

// parseSearch reads host#index, host#index/type, or a URL, whose index is behind
// a # or is the path.
func parseSearch(text string) (Destination, error) {
	base := text
	if !strings.Contains(text, "://") {
		base = "https://" + text
		if !strings.Contains(text, "#") {
			return Destination{}, fmt.Errorf("%s has no index; %s", quote(text), searchWant)
		}
	}
	base, index, hashed := strings.Cut(base, "#")
	u, ok := parseURL(base)
	if !ok || u.RawQuery != "" {
		return Destination{}, fmt.Errorf("%s is not an endpoint; %s", quote(text), searchWant)
	}
	if !hashed {
		index, u.Path, u.RawPath = u.Path, "", ""
	}
	d := Destination{Host: u.Host}
	d.Index, d.DocType = splitIndex(index)
	if d.Index == "" {
		return Destination{}, fmt.Errorf("%s has no index; %s", quote(text), searchWant)
	}
	if err := checkIndex(d.Index, d.DocType); err != nil {
		return Destination{}, err
	}
	d.url = strings.TrimRight(u.String(), "/")
	d.Signing, d.Region = searchService(u.Hostname())
	if u.User == nil {
		return d, nil
	}
	switch _, ok := u.User.Password(); {
	case !ok:
		return Destination{}, errors.New("has a user and no password; write https://user:password@host/index, or leave the user out")
	case d.Signing == "aoss":
		return Destination{}, fmt.Errorf("has a user and password, and %s takes signed requests only; leave them out", d.Host)
	}
	d.Signing = "" // a request has one Authorization header, and who writes a password wants that
	return d, nil
}

// OpenSearchService reports whether the host is the endpoint of a domain of OpenSearch
// Service.
func (d *Destination) OpenSearchService() bool {
	host, _, _ := strings.Cut(d.Host, ":")
	service, _ := searchService(host)
	return service == "es"
}

// Custom reports whether requests are signed for a domain of OpenSearch Service whose name
// the host does not tell.
func (d *Destination) Custom() bool {
	host, _, _ := strings.Cut(d.Host, ":")
	return d.Signing == "es" && !isAWSHost(host)
}

// sign makes requests to a host that is none of AWS's signed: a region says that it is the
// custom endpoint of a domain (OpenSearch Service guide, Creating a custom endpoint).
func (d *Destination) sign() {
	if d.Signing == "" {
		d.Signing = "es"
	}
}

// splitIndex parts index/type. A name with date math, <logs-{now/d}>, has slashes of its
// own, and may be escaped as a URL wants it.
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

// checkIndex says what is wrong with the names of an index and of a mapping type.
func checkIndex(index, docType string) error {
	switch {
	case index == "_bulk" || docType == "_bulk":
		return errors.New("ends in /_bulk, which is added to every request; leave it out")
	case strings.HasPrefix(index, "<"):
		if !isDateMath(index) {
			return fmt.Errorf("%s is not an index name with date math; write one like <logs-{now/d}> or <logs-{now/M{yyyy.MM}}>", quote(index))
		}
	case !isIndexName(index):
		return fmt.Errorf("%s is not an index or type; %s", quote(index), searchWant)
	case strings.ContainsAny(index[:1], "._-+"):
		// Create index API: no name begins with _ - +, and one with a dot is hidden or of
		// the system, as are the indexes behind a data stream.
		return fmt.Errorf("%s is not an index to write to: a name that begins with . _ - or + is hidden or not allowed; name another index, an alias or a data stream", quote(index))
	}
	if docType != "" && (!isIndexName(docType) || docType[0] == '_' && docType != "_doc") {
		return fmt.Errorf("%s is not an index or type; %s", quote(docType), searchWant)
	}
	return nil
}

// isIndexName reports whether name has only characters of an index name (Elasticsearch
// guide, Create index). Those that a path needs escaped are of no use in an alias or type
// either.
func isIndexName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 && !strings.ContainsAny(name, `\/*?"<>| ,#:%&`)
}

// isDateMath reports whether name is one that the cluster works out for each request:
// in angle brackets, static text and {now…}, which may hold a format and a time zone in
// braces of its own (Elasticsearch guide, Date math support in index names).
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

// searchService returns the SigV4 service and region that an AWS host names, "" for any
// other host, as in search-x.eu-west-1.es.amazonaws.com, x.eu-west-1.aoss.amazonaws.com and
// search-x.aos.eu-west-1.on.aws (OpenSearch Service guide, endpoints).
func searchService(host string) (service, region string) {
	if !isAWSHost(host) {
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
		if i > 0 && IsRegion(labels[i-1]) && l != "aos" {
			return service, labels[i-1]
		}
		if IsRegion(labels[i+1]) { // an AWS host goes on with its domain
			return service, labels[i+1]
		}
		return service, ""
	}
	return "", ""
}
