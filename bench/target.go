package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Target is a target of every source: its type and its other attributes.
type Target struct {
	Type string
	With Attributes
}

// Attributes are attributes of a target by name: bool, int or string.
type Attributes map[string]any

// destinations are the destinations by type. HOST is the address of the services, for
// targets with an address.
var destinations = map[string]string{
	"kinesis": "copy", "firehose": "lake", "sqs": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
	"sns": "arn:aws:sns:eu-west-1:123456789012:topic", "es": "http://HOST#orders", "iot": "abc-ats.iot.eu-west-1.amazonaws.com#orders",
	"lambda": "worker", "redis": "redis://HOST", "memcached": "HOST",
}

// Types returns the types of targets except file.
func Types() []string { return slices.Sorted(maps.Keys(destinations)) }

// Copies returns n targets of type kinesis.
func Copies(n int) []Target { return slices.Repeat([]Target{{Type: "kinesis"}}, n) }

// item returns all attributes of the ith target of source.
func (w *Workload) item(t *Target, source string, i int) Attributes {
	a := Attributes{
		"sourceArn": source, "id": fmt.Sprint("t", i), "type": t.Type, "active": true,
		"destination": strings.ReplaceAll(destinations[t.Type], "HOST", cmp.Or(w.Host, "services.invalid:80")),
	}
	maps.Copy(a, t.With)
	return a
}

// File returns the workload's targets as a YAML file. JSON is valid YAML.
func (w *Workload) File() []byte {
	return w.list("targets", func(a Attributes) any { return a })
}

// Query returns the workload's targets in the form of DynamoDB's answer to a query for
// its source.
func (w *Workload) Query() []byte {
	return w.list("Items", func(a Attributes) any {
		typed := make(map[string]map[string]any, len(a))
		for name, value := range a {
			switch value := value.(type) {
			case bool:
				typed[name] = map[string]any{"BOOL": value}
			case int:
				typed[name] = map[string]any{"N": fmt.Sprint(value)}
			default:
				typed[name] = map[string]any{"S": value}
			}
		}
		return typed
	})
}

func (w *Workload) list(name string, form func(Attributes) any) []byte {
	source := StreamARN
	if strings.Contains(string(w.Event[:min(len(w.Event), 200)]), "aws:dynamodb") {
		source = TableARN
	}
	items := make([]any, len(w.Targets))
	for i := range w.Targets {
		items[i] = form(w.item(&w.Targets[i], source, i))
	}
	list, err := json.Marshal(map[string]any{name: items, "Count": len(items)}) // other members of a file are ignored
	if err != nil {
		panic(err) // the value has only texts, numbers and booleans
	}
	return list
}

// Types returns the types of the workload's targets, separated by commas.
func (w *Workload) Types() string {
	types := make([]string, len(w.Targets))
	for i := range w.Targets {
		types[i] = w.Targets[i].Type
	}
	return strings.Join(types, ",")
}
