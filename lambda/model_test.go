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
	sqssink "fanout/sinks/sqs"
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

// DeduplicationID returns the id that the function gives r in a FIFO queue.
func (program) DeduplicationID(t *sinks.Spec, r *engine.Record) string {
	var q idReader
	cfg := aws.Config{
		Region: "eu-west-1", HTTPClient: &q, Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
	}
	sqssink.New(cfg, "https://host/queue.fifo", "", sinks.Source(t.SourceARN)).Send(context.Background(), []engine.Record{*r})
	return q.id
}

// idReader is the HTTP client of a queue. It keeps the deduplication id of the last message.
type idReader struct{ id string }

func (q *idReader) Do(r *http.Request) (*http.Response, error) {
	var in struct {
		Entries []struct {
			ID string `json:"MessageDeduplicationId"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	q.id = in.Entries[0].ID
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
}
