// Package schema describes targets files in JSON Schema, for editors.
package schema

import (
	"bytes"
	"encoding/json"

	"fanout/lambda/target"
)

// node is a schema, or a part of one.
type node = map[string]any

// Of returns the JSON Schema (2020-12) of targets files with the types and stages of a
// catalog. It accepts no file in which the checks of package target find the fault of a
// single attribute that a schema can express. It refuses some values that are only a
// warning there, such as an unknown attribute.
func Of(c *target.Catalog) ([]byte, error) {
	root := node{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Targets of fanout",
		"description": "A list of targets. fanout ignores other members, so YAML anchors can be defined in them.",
		"type":        "object",
		"required":    []string{"targets"},
		"properties":  node{"targets": node{"description": "The targets of all sources.", "type": "array", "items": node{"$ref": "#/$defs/target"}}},
		"$defs":       node{"target": targetNode(c), "pattern": patternNode()},
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.Bytes(), err
}

// targetNode describes one target.
func targetNode(c *target.Catalog) node {
	properties, required := node{}, []string{}
	for _, a := range target.Attributes() {
		n := valueNode(c, &a)
		n["description"] = descriptions[a.Name]
		properties[a.Name] = n
		if a.Required {
			required = append(required, a.Name)
		}
	}
	return node{
		"type":              "object",
		"properties":        properties,
		"required":          required,
		"dependentRequired": node{"externalId": []string{"role"}, "maxAge": []string{"onFailure"}},
		// An unknown attribute is only a warning elsewhere, because an older function may read
		// a newer table.
		"additionalProperties": false,
		"allOf":                append(ofTypes(c), ofSources(c)...),
	}
}

// valueNode describes the values of an attribute, for all types and sources.
func valueNode(c *target.Catalog, a *target.Attribute) node {
	switch {
	case a.Name == "type":
		return node{"enum": c.TypeNames()}
	case a.Words != nil:
		return node{"enum": a.Words}
	case a.Kind == target.Bool:
		return node{"type": "boolean"}
	case a.Value != "":
		return node{"anyOf": []node{structures(c)[a.Name], {"type": "string", "pattern": jsonText[a.Value]}}}
	case a.Kind == target.Number:
		n := node{"type": "integer", "minimum": 1}
		if a.Most > 0 {
			n["maximum"] = a.Most
		}
		if a.Seconds {
			return node{"anyOf": []node{n, {"type": "string", "pattern": duration, "examples": []string{"1h"}}}}
		}
		return n
	}
	n := node{"type": "string", "minLength": 1}
	if a.Most > 0 {
		n["maxLength"] = a.Most
	}
	form := forms[a.Name]
	if form.pattern != "" {
		n["pattern"] = form.pattern
	}
	if form.examples != nil {
		n["examples"] = form.examples
	}
	return n
}

// structures describes the attributes that may be written as an object or a list.
func structures(c *target.Catalog) map[string]node {
	var names []string
	for _, t := range c.Stages {
		if t.Attribute == "" {
			names = append(names, t.Name)
		}
	}
	stages := node{"type": "array", "items": false}
	if names != nil {
		stages["items"] = node{"anyOf": []node{
			{"enum": names},
			{"type": "object", "propertyNames": node{"enum": names}, "minProperties": 1, "maxProperties": 1},
		}}
	}
	return map[string]node{
		"filter": {"$ref": "#/$defs/pattern"},
		"attributes": {
			"type": "object", "maxProperties": 10,
			"propertyNames":        node{"pattern": `^[A-Za-z0-9_.-]{1,256}$`},
			"additionalProperties": node{"type": "string", "minLength": 1},
		},
		"headers": {
			"type":                 "object",
			"propertyNames":        node{"pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$"},
			"additionalProperties": node{"type": "string", "minLength": 1},
		},
		"stages": stages,
	}
}

// patternNode describes an event pattern: the leaves of an object are lists of what
// matches.
func patternNode() node {
	return node{
		"type": "object", "minProperties": 1,
		"additionalProperties": node{"anyOf": []node{{"type": "array", "minItems": 1}, {"$ref": "#/$defs/pattern"}}},
	}
}
