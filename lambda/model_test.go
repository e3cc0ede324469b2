package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/testing/functionmodel"
	"fanout/internal/testing/ledgermodel"
	"fanout/lambda/dedup"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/metrics"
	"fanout/sinks"
	"fanout/sinks/s3"
	sqssink "fanout/sinks/sqs"
	"fanout/sinks/stepfunctions"
)

// The faults of a run depend on its seed alone. The engine's waits between attempts do not, so a
// run may need a few tries (-count) to fail again.
func TestModel(t *testing.T)        { functionmodel.New(program{}).Check(t) }
func TestModelNotices(t *testing.T) { functionmodel.New(program{}).CheckNotices(t) }

func TestLedgerModel(t *testing.T)        { ledgermodel.New(program{}).Check(t) }
func TestLedgerModelNotices(t *testing.T) { ledgermodel.New(program{}).CheckNotices(t) }

// program starts handlers for the model.
type program struct{}

// Start makes a handler that has its targets, sinks and memory from the model.
func (program) Start(e *functionmodel.Environment) (functionmodel.Function, error) {
	o := DefaultOptions()
	o.Metrics, o.InFlight, o.ReportBatchItemFailures = metrics.ModeNone, e.InFlight, e.ReportBatchItemFailures
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		return nil, err
	}
	h.store = e.Targets
	h.openSink = func(_ sinks.Env, t *sinks.Spec) (engine.Sink, error) { return e.OpenSink(t), nil }
	h.openStore = func(_ sinks.Env, t *sinks.Spec) (sinks.Store, error) { return e.OpenStore(t), nil }
	if e.OnResults != nil {
		h.OnResults = func(all []Result) { e.OnResults(modelResults(all)) }
	}
	p := &modelProcess{h, e}
	p.Forget()
	return p, nil
}

func modelResults(results []Result) (all []functionmodel.Result) {
	for _, r := range results {
		unclaimed := len(r.Targets) == 1 && r.Targets[0].ID == NoTarget
		all = append(all, functionmodel.Result{
			SourceARN: r.SourceARN, Unclaimed: unclaimed, Targets: r.Targets, Records: r.records, Report: r.Report,
		})
	}
	return all
}

// modelProcess is a process of the function.
type modelProcess struct {
	*Handler
	*functionmodel.Environment
}

// Forget gives the handler a new memory.
func (p *modelProcess) Forget() {
	memory := dedup.NewMemory()
	memory.Limit(p.Remembered)
	if p.known = memory; p.Ledger != nil {
		table := &ledger.Table{Client: p.Ledger, Name: "ledger"}
		p.known = dedup.Stores{memory, &dedup.Shared{Table: table, Function: "function", Log: zap.NewNop()}}
	}
}

// Identity returns the id that the function gives records, read from the request of the sink.
func (program) Identity(t *sinks.Spec, batch []engine.Record) string {
	var c identityReader
	cfg := aws.Config{
		Region: "eu-west-1", HTTPClient: &c, Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
	}
	var sink engine.Sink
	switch t.Type {
	case stepfunctions.Type:
		sink = stepfunctions.New(cfg, "arn:aws:states:eu-west-1:123456789012:stateMachine:model", "", sinks.Source(t.SourceARN))
	case s3.Type:
		sink, c.err = s3.New(cfg, s3.Options{Bucket: "model", Prefix: "/in", Source: t.SourceARN, Target: t.ID})
	default:
		sink = sqssink.New(cfg, "https://host/queue.fifo", "", sinks.Source(t.SourceARN))
	}
	if c.err == nil {
		sink.Send(context.Background(), batch)
	}
	if c.err != nil {
		panic(c.err)
	}
	return c.id
}

// identityReader is the HTTP client of a sink. It keeps the id in the last request.
type identityReader struct {
	id  string
	err error
}

func (c *identityReader) Do(r *http.Request) (*http.Response, error) {
	var in struct {
		Name    string
		Entries []struct {
			ID string `json:"MessageDeduplicationId"`
		}
	}
	c.id = r.URL.Path
	if r.Method == http.MethodPost {
		c.err = json.NewDecoder(r.Body).Decode(&in)
		c.id = in.Name
	}
	if len(in.Entries) > 0 {
		c.id = in.Entries[0].ID
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
}
