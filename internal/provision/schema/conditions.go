package schema

import (
	"slices"

	"fanout/internal/awsname"
	"fanout/lambda/target"
	"fanout/sinks"
)

// ofTypes describes what depends on the type of a target.
func ofTypes(c *target.Catalog) []node {
	var all []node
	for _, t := range c.Types {
		then := node{"properties": typeProperties(t)}
		if t.Aggregate && t.MaxBatchRecords > 0 { // the service counts aggregates, not records
			then["if"] = node{"properties": node{"aggregate": node{"const": true}}, "required": []string{"aggregate"}}
			then["else"] = node{"properties": node{"batchRecords": node{"maximum": t.MaxBatchRecords}}}
		}
		if t.HTTP {
			then["allOf"] = ofAuth()
		}
		all = append(all, node{
			"if":   node{"properties": node{"type": node{"enum": append([]string{t.Name}, t.Aliases...)}}, "required": []string{"type"}},
			"then": then,
		})
	}
	return all
}

// ofAuth describes what depends on auth.
func ofAuth() []node {
	with := func(auths ...string) node {
		return node{"properties": node{"auth": node{"enum": auths}}, "required": []string{"auth"}}
	}
	return []node{
		{"if": with(sinks.AuthSigV4), "else": node{"properties": node{"role": false, "externalId": false, "region": false}}},
		{"if": with(sinks.AuthBearer, sinks.AuthBasic, sinks.AuthOAuth2, sinks.AuthHMAC), "else": node{"properties": node{"secret": false}}},
	}
}

// typeProperties narrows the attributes of targets of one type.
func typeProperties(t *sinks.Type) node {
	p := node{"destination": destinationNode(t)}
	for attribute, most := range map[string]int{"batchRecords": t.MaxBatchRecords, "batchBytes": t.MaxBatchBytes, "maxRecordBytes": t.MaxRecordBytes} {
		if most > 0 && (attribute != "batchRecords" || !t.Aggregate) {
			p[attribute] = node{"maximum": most}
		}
	}
	for attribute, has := range map[string]bool{
		"role": !t.NoAWS, "externalId": !t.NoAWS, "region": !t.NoAWS,
		"compress": t.Compress, "aggregate": t.Aggregate, "ttl": t.Cache, "secret": t.TakesSecret(),
		"headers": t.HTTP, "auth": t.HTTP, "rateLimit": t.HTTP,
		"subject": t.Messages, "attributes": t.Messages, "group": t.Groups, "source": t.BusEvents, "detailType": t.BusEvents, "envelope": !t.Events && !t.Replica, "tombstone": t.Replica,
		"maxRecordBytes": !t.FixedRecords, "order": !t.Prefix,
	} {
		if !has {
			p[attribute] = off(attribute)
		}
	}
	switch {
	case t.Collapse:
	case t.Concat:
		p["collapse"] = node{"enum": []sinks.Collapse{sinks.CollapseNone, sinks.CollapseConcat}}
	default:
		p["collapse"] = off("collapse")
	}
	switch {
	case t.Events:
		p["view"] = node{"enum": []string{sinks.ViewNew, sinks.ViewEvent}}
	case t.Replica:
		p["view"] = off("view")
	case t.Items || t.Cache:
		p["view"] = node{"not": node{"const": sinks.ViewOld}}
	}
	return p
}

func destinationNode(t *sinks.Type) node {
	d := node{}
	if t.Destination != "" {
		d["description"] = "Where the records go: " + t.Destination + "."
	}
	if t.Form != "" {
		d["pattern"] = t.Form
	}
	if t.Examples != nil {
		d["examples"] = t.Examples
	}
	return d
}

// ofSources describes what depends on the service of the source.
func ofSources(c *target.Catalog) []node {
	var all []node
	for _, kind := range awsname.SourceKinds {
		service, p := kind.Service, node{}
		for _, t := range c.Stages {
			if t.Attribute != "" && t.Sources != nil && !slices.Contains(t.Sources, service) {
				p[t.Attribute] = off(t.Attribute)
			}
		}
		if service != "dynamodb" {
			p["tombstone"] = off("tombstone")
			p["envelope"] = node{"not": node{"const": sinks.EnvelopeDebezium}}
		}
		if len(p) > 0 {
			all = append(all, node{
				"if":   node{"properties": node{"sourceArn": node{"pattern": "^(arn:[^:]*:" + service + ":|" + service + ":)"}}, "required": []string{"sourceArn"}},
				"then": node{"properties": p},
			})
		}
	}
	return append(all, node{ // a standard queue has no order
		"if":   node{"properties": node{"sourceArn": node{"pattern": "^arn:[^:]*:sqs:[^.]*$"}}, "required": []string{"sourceArn"}},
		"then": node{"properties": node{"parallel": node{"not": node{"const": false}}}},
	})
}

// off describes the only value, if any, that an attribute without effect may have.
func off(attribute string) any {
	for _, a := range target.Attributes() {
		switch {
		case a.Name != attribute:
		case a.Kind == target.Bool:
			return node{"const": false}
		case attribute == "view":
			return node{"const": sinks.ViewNew}
		case attribute == "order":
			return node{"const": "key"}
		case a.Words != nil:
			return node{"const": "none"}
		}
	}
	return false
}
