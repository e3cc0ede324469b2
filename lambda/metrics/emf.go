package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// EMF writes metrics in CloudWatch's embedded metric format (CloudWatch user guide,
// Embedded metric format specification), which CloudWatch Logs extracts. Each line holds
// the metrics of one set of dimensions. It has at most 10 metrics of the 100 allowed, 3
// dimensions of the 30 allowed, and less than 8 KiB of the 256 KiB allowed.
type EMF struct {
	namespace string

	mu     sync.Mutex
	out    io.Writer
	faults faults
}

// NewEMF returns an EMF that writes to out, with one Write per line.
func NewEMF(out io.Writer, namespace string) *EMF { return &EMF{out: out, namespace: namespace} }

// Begin does nothing.
func (e *EMF) Begin(context.Context) {}

// Publish writes the counts of inv: one line, then one line for each source and two for
// each of its targets.
func (e *EMF) Publish(_ context.Context, inv Invocation) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, g := range groupsOf(&inv) {
		if err := e.write(&g, inv.At.UnixMilli()); err != nil {
			e.faults.add(fmt.Errorf("metrics were not written to the output: %w", err))
			break
		}
	}
	return e.faults.report()
}

// Flush does nothing: nothing is left after Publish.
func (e *EMF) Flush(context.Context) error { return nil }

// metadata is the _aws member of a line.
type metadata struct {
	Timestamp         int64 // Unix milliseconds
	CloudWatchMetrics []directive
}

// directive declares which members of a line are metrics and which are dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name string
	Unit types.StandardUnit
}

func (e *EMF) write(g *group, at int64) error {
	d := directive{Namespace: e.namespace, Dimensions: [][]string{{}}}
	line := make(map[string]any)
	for _, dim := range g.dims.used() {
		d.Dimensions[0] = append(d.Dimensions[0], dim.name)
		line[dim.name] = dim.value
	}
	for _, s := range g.samples {
		d.Metrics = append(d.Metrics, definition{s.name, s.unit})
		line[s.name] = s.value
	}
	line["_aws"] = metadata{at, []directive{d}}
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = e.out.Write(append(data, '\n'))
	return err
}
