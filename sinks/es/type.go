package es

import (
	"strings"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are indexes of Elasticsearch or OpenSearch.
var Type = &sinks.Type{
	Name:        "es",
	Aliases:     []string{"opensearch"},
	Synonyms:    []string{"elasticsearch", "elastic", "aoss"},
	Destination: "host#index, host#index/type, or a URL; add --index to the name of a domain",
	Form:        `^(https?://[^#/]+/.+|(https?://)?[^#]+#.+)$`,
	Examples:    []string{"search-orders-abc.eu-west-1.es.amazonaws.com#orders", "search.example.com#orders-${.type}", "https://search.example.com:9200/orders"},
	Parse:       Parse,
	Check:       check,
	Open:        open,
	Rights:      rights,

	MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes, // http.max_content_length
	Traits: sinks.Traits{Items: true, Exponents: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	d := &s.Destination
	return New(cfg.HTTPClient, Index{
		URL: d.URL(), Index: d.Index, DocType: d.DocType, Keyed: s.Key != "",
		Signing: d.Signing, Region: cfg.Region, Credentials: cfg.Credentials,
	}, sinks.RecordBytes(s.MaxRecordBytes), sinks.Source(s.SourceARN))
}

// check makes the checks of this type.
func check(s *sinks.Spec, f sinks.Findings) {
	if index := fixedText(s.Destination.Index); index != strings.ToLower(index) {
		f.Warn("destination", "has the index %s, and only an alias may have capitals; write the name of an index or data stream in small letters", s.Destination.Index)
	}
	checkSigning(s, f)
}

// fixedText returns the text of an index that is the same for all records, without places and
// date math.
func fixedText(index string) string {
	if jq.IsTemplate(index) {
		if t, err := jq.ParseTemplate(index); err == nil {
			return t.Map(func(text string) string { return text }, "")
		}
	}
	if math, found := strings.CutPrefix(index, "<"); found {
		index, _, _ = strings.Cut(math, "{")
	}
	return index
}

// checkSigning turns on signing for a host outside AWS whose target has a region. The
// region marks the host as the custom endpoint of a domain (OpenSearch Service guide,
// Creating a custom endpoint). It warns about attributes that have no effect on unsigned
// requests.
func checkSigning(s *sinks.Spec, f sinks.Findings) {
	d := &s.Destination
	if d.Region == "" && awsname.IsRegion(s.Region) && !d.HasPassword() && d.Signing == "" {
		d.Signing = "es"
	}
	if d.Host == "" || d.Signing != "" {
		return
	}
	const unsigned = "has no effect: requests with a password are not signed"
	if s.Role != "" && !f.HasFault("role") {
		if d.HasPassword() {
			f.Warn("role", unsigned+"; remove one of them")
		} else {
			f.Warn("role", "has no effect: requests to %s are not signed; write region too if it is a custom endpoint of OpenSearch Service", d.Host)
		}
	}
	if s.Region != d.Region && !f.HasFault("region") {
		f.Warn("region", unsigned)
	}
}
