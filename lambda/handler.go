package lambda

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
	"github.com/sourcegraph/conc/pool"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/xray"
	"fanout/lambda/dedup"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Handler is the function. It is safe for concurrent use.
type Handler struct {
	// OnResults, if set, receives the results of each event. It may be called concurrently,
	// and may keep the results.
	OnResults func([]Result)

	options  Options
	store    target.Store
	env      *env
	slots    *engine.Slots
	known    dedup.Store // which targets have which records of batches that Lambda sends again
	metrics  metrics.Publisher
	tracer   *xray.Tracer // nil: no tracing
	events   events
	openSink func(sinks.Env, *sinks.Spec) (engine.Sink, error)
	log      *zap.Logger

	openStore func(sinks.Env, *sinks.Spec) (sinks.Store, error)

	mu    sync.Mutex
	plans map[string]*plan // by source ARN
}

// New returns a Handler whose AWS clients use cfg, with log as their logger.
func New(o Options, cfg aws.Config, log *zap.Logger) (*Handler, error) {
	cfg.Logger = sdkLogger(log)
	h := &Handler{
		options: o, log: log, plans: make(map[string]*plan),
		env: newEnv(cfg, &o), tracer: newTracer(&o, log), slots: engine.NewSlots(o.InFlight), openSink: open, openStore: openStore,
	}
	h.metrics = metrics.New(o.Metrics, o.MetricsNamespace, metrics.NewClient(cfg), os.Stdout)
	client := dynamodb.NewFromConfig(forTables(cfg), func(o *dynamodb.Options) { o.Retryer = retry.NewStandard() })
	h.known = dedup.NewMemory()
	if o.LedgerTable != "" {
		table := &ledger.Table{Client: client, Name: o.LedgerTable, Key: o.LedgerKey}
		h.known = dedup.Stores{h.known, &dedup.Shared{Table: table, Function: o.FunctionName, Log: log, Request: requestID}}
	}
	if o.Store != nil {
		h.store = o.Store
		return h, nil
	}
	ttl := max(o.ConfigTTL, 1) // zero would be the cache's default
	if o.TargetsFile != "" {
		file, err := o.catalog().OpenFile(o.TargetsFile)
		if err != nil {
			return nil, err
		}
		h.store = target.NewCache(file, ttl)
		return h, nil
	}
	h.store = target.NewCache(&target.Table{Client: client, Catalog: o.catalog(), Name: o.Table, FileDir: o.FileDir()}, ttl)
	return h, nil
}

// Invoke handles an event and answers it as Lambda expects. It recovers from panics, which
// would end the process.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	if p := panics.Try(func() {
		during := ctx
		if h.tracer != nil {
			during = h.traced(ctx)
		}
		m := h.events.copy(payload)
		var results []Result
		if results, err = h.deliver(during, m.text, &m.records); err == nil {
			answer, err = respond(results, h.options.ReportBatchItemFailures)
		}
		h.events.free(m, results)
	}); p != nil {
		h.log.Error("the function panicked", requestID(ctx), zap.ByteString("stack", p.Stack))
		return nil, errors.New("the function panicked; its log has the stack")
	}
	return answer, err
}

// Handle delivers the records of an event to the targets of their sources. The caller must
// not change data afterwards. An error means that nothing was delivered, or that the
// targets of some source could not be read. Failures at targets are in the results.
func (h *Handler) Handle(ctx context.Context, data []byte) ([]Result, error) {
	return h.deliver(ctx, data, new(event.Memory))
}

// deliver is Handle with memory for the records.
func (h *Handler) deliver(ctx context.Context, data []byte, records *event.Memory) ([]Result, error) {
	batches, err := records.Decode(data)
	if err != nil {
		return nil, err
	}
	for i := range batches { // targets and plans keep the ARN longer than the event lives
		batches[i].SourceARN = strings.Clone(batches[i].SourceARN)
	}
	at := time.Now()
	h.metrics.Begin(ctx)
	results, errs := make([]Result, len(batches)), make([]error, len(batches))
	var wg conc.WaitGroup
	for i := range batches {
		wg.Go(func() { results[i], errs[i] = h.handle(ctx, &batches[i]) })
	}
	wg.Wait()
	h.learn(ctx, results, errs)
	h.measure(ctx, at, results)
	if h.OnResults != nil {
		h.OnResults(slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Report == nil }))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return results, nil
}

// handle delivers the records of one source.
func (h *Handler) handle(ctx context.Context, b *event.Batch) (Result, error) {
	r := Result{SourceARN: b.SourceARN, Kind: b.Kind, records: b.Records, messages: b.Messages}
	began := time.Now()
	planCtx, cancel := h.beforeDeadline(ctx)
	defer cancel()
	r.batch = &dedup.Batch{Source: r.SourceARN, Kind: r.Kind, Records: r.records, Messages: b.Messages}
	r.attempt = h.known.Begin(planCtx, r.batch)
	defer r.attempt.End()
	p, err := h.planFor(planCtx, r.SourceARN, b.Kind)
	if err != nil {
		return r, fmt.Errorf("the targets of %s are unknown: %w", r.SourceARN, err)
	}
	defer h.release(p)
	r.Targets, r.faulty, r.diverts = p.specs, p.faulty, p.diverts
	r.batch.Targets = r.Targets
	r.Report = p.engine.Resume(ctx, b.Records, held(r.attempt.Known()))
	r.batch.Report = r.Report
	h.logReport(ctx, &r)
	if h.tracer != nil {
		h.traceReport(ctx, began, &r)
	}
	return r, nil
}

// held converts the knowledge of a store to the form that the engine takes.
func held(known dedup.Known) func(t, i int) engine.Held {
	if known == nil {
		return nil
	}
	return func(t, i int) engine.Held {
		h, _ := known(t, i)
		return h
	}
}

// learn remembers which targets have which records if Lambda sends the event again. Any
// failure makes Lambda resend the whole event, except messages of a queue that are done.
func (h *Handler) learn(ctx context.Context, results []Result, errs []error) {
	again := errors.Join(errs...) != nil
	for i := range results {
		again = again || !results[i].Report.OK()
	}
	if len(results) == 1 && h.options.ReportBatchItemFailures && results[0].tried() {
		results[0].batch.Done = results[0].deletable()
	}
	var tried []dedup.Attempt
	for i := range results {
		if results[i].tried() {
			tried = append(tried, results[i].attempt)
		}
	}
	if len(tried) == 1 { // nearly every event
		h.logLedger(ctx, tried[0].Learn(ctx, again))
		return
	}
	p := pool.New().WithErrors()
	for _, a := range tried {
		p.Go(func() error { return a.Learn(ctx, again) })
	}
	h.logLedger(ctx, p.Wait())
}

func (h *Handler) logLedger(ctx context.Context, err error) {
	if err != nil {
		h.log.Warn("ledger", requestID(ctx), zap.Error(err))
	}
}

// beforeDeadline returns a context that ends early enough for the function to answer.
func (h *Handler) beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-h.options.DeadlineMargin))
	}
	return context.WithTimeout(ctx, time.Minute)
}

// events holds memory for events. The runtime reuses its buffer for the next event while a
// hanging sink may still hold records of this one, so each event is copied. If nothing
// hangs, the memory of an earlier event is reused.
type events struct{ pool sync.Pool }

// eventMemory holds one event: its text, and its records, which refer to the text.
type eventMemory struct {
	text    []byte
	records event.Memory
}

// onFree is a test hook, called before memory returns to the pool.
var onFree = func(*eventMemory) {}

// copy returns a copy of an event.
func (e *events) copy(event []byte) *eventMemory {
	m, _ := e.pool.Get().(*eventMemory)
	if m == nil {
		m = new(eventMemory)
	}
	m.text = append(m.text[:0], event...)
	return m
}

// free returns an event's memory to the pool, if its results show that nothing still refers
// to it.
func (e *events) free(m *eventMemory, results []Result) {
	if len(results) == 0 {
		return
	}
	for i := range results {
		if !results[i].Report.Idle {
			return
		}
	}
	onFree(m)
	m.records.Free() // otherwise the pool keeps this event's records alive until the next event
	e.pool.Put(m)
}
