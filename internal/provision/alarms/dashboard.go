package alarms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Object is an object of JSON, and List a list.
type (
	Object = map[string]any
	List   = []any
)

// Dashboard returns the widgets of a function's dashboard, with one for the given alarms
// (CloudWatch API, Dashboard body structure and syntax). Searches find targets as they come
// and go.
func Dashboard(f *Function, all []Alarm) List {
	b := board{Function: f}
	if len(all) > 0 {
		b.alarms(all)
	}
	b.left("Age of the records that the function reads", "Milliseconds", b.metric("AWS/Lambda", "IteratorAge", "FunctionName", f.Name, "Maximum", "oldest"))
	b.right("Function", "Count",
		b.metric("AWS/Lambda", "Invocations", "FunctionName", f.Name, "Sum", "invocations"),
		b.metric("AWS/Lambda", "Errors", "FunctionName", f.Name, "Sum", "errors"),
		b.metric("AWS/Lambda", "Throttles", "FunctionName", f.Name, "Sum", "throttles"),
		b.metric("AWS/Lambda", "AsyncEventsDropped", "FunctionName", f.Name, "Sum", "notifications lost"))
	b.sources()
	if f.Counts() {
		b.left("Delivered", "Records", b.search("Delivered", "Sum"))
		b.right("Failed", "Records", b.search("Failed", "Sum"))
		b.left("Diverted to onFailure", "Records", b.search("Diverted", "Sum"))
		b.right("Throttled by the destination", "Requests", b.search("Throttled", "Sum"))
		b.left("Time that a target takes", "Milliseconds", b.search("Duration", "Maximum"))
		b.right("Requests", "Requests", b.search("Requests", "Sum"))
	}
	b.left("Duration of invocations", "Milliseconds",
		b.metric("AWS/Lambda", "Duration", "FunctionName", f.Name, "Average", "average"),
		b.metric("AWS/Lambda", "Duration", "FunctionName", f.Name, "p99", "99th percentile"),
		b.metric("AWS/Lambda", "Duration", "FunctionName", f.Name, "Maximum", "longest"))
	if queue := f.queue(); queue != "" {
		b.right("Queue for failures", "Messages",
			b.metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, "Maximum", "waiting"))
	} else {
		b.right("Instances", "Count", b.metric("AWS/Lambda", "ConcurrentExecutions", "FunctionName", f.Name, "Maximum", "at once"))
	}
	return b.widgets
}

// JSON returns the body of a dashboard, with a line for each widget.
func JSON(widgets List) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b) // it ends what it writes with a line break
	e.SetEscapeHTML(false)
	b.WriteString("{\"widgets\": [\n")
	for i, w := range widgets {
		if i > 0 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
		if err := e.Encode(w); err != nil {
			return "", err
		}
	}
	b.WriteString("]}\n")
	return b.String(), nil
}

// board is a dashboard of two columns.
type board struct {
	*Function
	widgets List
	y       int // of the next row
}

const (
	columns = 24 // of a dashboard
	rows    = 6  // of a graph
)

// alarms adds the state of alarms above the graphs.
func (b *board) alarms(all []Alarm) {
	arns := make(List, len(all))
	for i := range all {
		a := b.ARN
		a.Service, a.Resource = "cloudwatch", "alarm:"+all[i].Name
		arns[i] = a.String()
	}
	b.widgets = append(b.widgets, Object{
		"type": "alarm", "x": 0, "y": 0, "width": columns, "height": 2,
		"properties": Object{"title": "Alarms", "alarms": arns},
	})
	b.y = 2
}

// sources adds the queues that the function reads.
func (b *board) sources() {
	var age, waiting List
	for _, queue := range b.reads() {
		age = append(age, b.metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, "Maximum", queue))
		waiting = append(waiting, b.metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, "Maximum", queue))
	}
	if len(age) > 0 {
		b.left("Age of the oldest message in the queues that the function reads", "Seconds", age...)
		b.right("Messages that wait in these queues", "Messages", waiting...)
	}
}

func (b *board) left(title, unit string, metrics ...any) { b.graph(0, title, unit, metrics) }

func (b *board) right(title, unit string, metrics ...any) {
	b.graph(columns/2, title, unit, metrics)
	b.y += rows
}

func (b *board) graph(x int, title, unit string, metrics List) {
	b.widgets = append(b.widgets, Object{
		"type": "metric", "x": x, "y": b.y, "width": columns / 2, "height": rows,
		"properties": Object{
			"title": title, "region": b.ARN.Region, "view": "timeSeries", "stacked": false, "period": 60, "metrics": metrics,
			"yAxis": Object{"left": Object{"min": 0, "label": unit, "showUnits": false}},
		},
	})
}

func (b *board) metric(namespace, name, dimension, value, statistic, label string) any {
	return List{namespace, name, dimension, value, Object{"stat": statistic, "label": label}}
}

// search returns a metric of each target.
func (b *board) search(name, statistic string) any {
	schema := fmt.Sprintf(`{"%s",Source,Target,Function}`, b.namespace())
	expression := fmt.Sprintf(`SEARCH('%s MetricName="%s" Function="%s"', '%s')`, schema, name, b.Name, statistic)
	return List{Object{"expression": expression, "label": "${PROP('Dim.Target')}", "id": strings.ToLower(name)}}
}
