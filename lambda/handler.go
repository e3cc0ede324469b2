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
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
	"go.uber.org/zap"

	"fanout/engine"
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
	events   events
	openSink func(sinks.Env, *sinks.Spec) (engine.Sink, error)
	log      *zap.Logger

	mu    sync.Mutex
	plans map[string]*plan // by source ARN
}

// Result is the outcome of the records of one source in an event.
type Result struct {
	SourceARN string
	Kind      event.Kind
	Targets   []sinks.Spec // in the order of the report
	Report    *engine.Report

	records []engine.Record
	faulty  map[string]bool // by id: targets with a faulty configuration
	attempt dedup.Attempt
}

// Records is the number of records that came from the source.
func (r *Result) Records() int { return len(r.records) }

// tried reports whether the result says anything about targets. If a table is empty by
// accident, no target is forgotten.
func (r *Result) tried() bool {
	return r.Report != nil && (len(r.Targets) != 1 || r.Targets[0].ID != NoTarget)
}

// New returns a Handler whose AWS clients use cfg, with log as their logger.
func New(o Options, cfg aws.Config, log *zap.Logger) (*Handler, error) {
	cfg.Logger = sdkLogger(log)
	h := &Handler{
		options: o, log: log, plans: make(map[string]*plan),
		env: newEnv(cfg, &o), slots: engine.NewSlots(o.InFlight), openSink: open,
	}
	h.metrics = metrics.New(o.Metrics, o.MetricsNamespace, cloudwatch.NewFromConfig(own(cfg, otherValues)), os.Stdout)
	client := dynamodb.NewFromConfig(own(cfg, tableValues), func(o *dynamodb.Options) { o.Retryer = retry.NewStandard() })
	h.known = dedup.NewMemory()
	if o.LedgerTable != "" {
		table := &ledger.Table{Client: client, Name: o.LedgerTable, Key: o.LedgerKey}
		h.known = dedup.Stores{h.known, &dedup.Shared{Table: table, Function: o.FunctionName, Log: log}}
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

// badEvent is an error in the event itself.
type badEvent struct{ error }

func (e *badEvent) Unwrap() error { return e.error }

// IsBadEvent reports whether err means that an event could not be decoded.
func IsBadEvent(err error) bool {
	_, ok := errors.AsType[*badEvent](err)
	return ok
}

// Invoke handles an event and answers it as Lambda expects. It recovers from panics, which
// would end the process.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	if p := panics.Try(func() {
		m := h.events.copy(payload)
		var results []Result
		if results, err = h.deliver(ctx, m.text, &m.records); err == nil {
			answer, err = respond(results, h.options.ReportBatchItemFailures)
		}
		h.events.free(m, results)
	}); p != nil {
		h.log.Error("the function panicked", zap.ByteString("stack", p.Stack))
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
		return nil, &badEvent{err}
	}
	for i := range batches { // the ARN outlives the event
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
	// Targets and plans keep the ARN longer than the event lives.
	r := Result{SourceARN: strings.Clone(b.SourceARN), Kind: b.Kind, records: b.Records}
	planCtx, cancel := h.beforeDeadline(ctx)
	defer cancel()
	batch := &dedup.Batch{Source: r.SourceARN, Kind: r.Kind, Records: r.records}
	r.attempt = h.known.Begin(planCtx, batch)
	defer r.attempt.End()
	p, err := h.planFor(planCtx, r.SourceARN, b.Kind)
	if err != nil {
		return r, fmt.Errorf("the targets of %s are unknown: %w", r.SourceARN, err)
	}
	defer h.release(p)
	r.Targets, r.faulty = p.specs, p.faulty
	batch.Targets = r.Targets
	r.Report = p.engine.Resume(ctx, b.Records, r.attempt.Known().Held())
	batch.Report = r.Report
	h.logReport(&r)
	return r, nil
}

// learn remembers which targets have which records if Lambda sends the event again. Any
// failure makes Lambda resend the whole event.
func (h *Handler) learn(ctx context.Context, results []Result, errs []error) {
	again := errors.Join(errs...) != nil
	for i := range results {
		again = again || !results[i].Report.OK()
	}
	var tried []dedup.Attempt
	for i := range results {
		if results[i].tried() {
			tried = append(tried, results[i].attempt)
		}
	}
	if err := dedup.Learn(ctx, tried, again); err != nil {
		h.log.Warn("ledger", zap.Error(err))
	}
}

// beforeDeadline returns a context that ends early enough for the function to answer.
func (h *Handler) beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-h.options.DeadlineMargin))
	}
	return context.WithTimeout(ctx, time.Minute)
}

// Explain returns the plan of a source, its stages and targets, as a tree.
func (h *Handler) Explain(ctx context.Context, source string) (string, error) {
	kind, err := kindOf(source)
	if err != nil {
		return "", err
	}
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return "", err
	}
	defer h.release(p)
	return p.engine.String(), nil
}

// Unclaimed returns nil if a source has a target. Otherwise the source's records would
// fail, and the error says how to fix it.
func (h *Handler) Unclaimed(ctx context.Context, source string) error {
	kind, err := kindOf(source)
	if err != nil {
		return err
	}
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return err
	}
	defer h.release(p)
	if len(p.set) == 1 && p.set[0].ID == NoTarget {
		return errors.New(p.set[0].Faults[0].Brief())
	}
	return nil
}

// Source is a source of an event's records.
type Source struct {
	ARN   string
	First int // index of its first record in the event
}

// Sources returns the sources of an event's records.
func Sources(data []byte) ([]Source, error) {
	batches, err := event.Decode(data)
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(batches))
	for i := range batches {
		sources[i] = Source{batches[i].SourceARN, batches[i].First}
	}
	return sources, nil
}
