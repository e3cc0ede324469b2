package cases

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// received is what a target got of an event.
type received struct {
	Records  []delivery `json:"records,omitempty"`
	Filtered int        `json:"filtered,omitempty"`
	Dropped  int        `json:"dropped,omitempty"`
	Failed   []failure  `json:"failed,omitempty"`
}

// failure is a reason why records failed.
type failure struct {
	Error    string `json:"error"`
	Records  int    `json:"records"`
	Diverted bool   `json:"diverted,omitempty"` // onFailure took them
}

// timeout bounds a case: programs of targets are bounded, but a stage may hang.
const timeout = time.Minute

// offline refuses every call, so that a case reaches nothing.
type offline struct{}

// RoundTrip implements http.RoundTripper.
func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("fanout test makes no calls")
}

// deliver runs the function on the event of a case. It returns what each target got.
func (f *flags) deliver(ctx context.Context, c *testCase) (map[string]*received, error) {
	if c.targets == "" {
		return nil, fmt.Errorf("the targets are missing; write %s beside %s or above it, or add --targets FILE", targetsFiles[0], eventFile)
	}
	event, err := os.ReadFile(filepath.Join(c.name, eventFile))
	if err != nil {
		return nil, err
	}
	sources, err := lambda.Sources(event)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", eventFile, err)
	}
	region := ""
	if len(sources) > 0 {
		region = factory.RegionOf(sources[0].ARN)
	}
	rec := new(recorder)
	o := lambda.DefaultOptions()
	o.Catalog, o.TargetsFile, o.Metrics, o.Stdout = f.Catalog, c.targets, metrics.ModeNone, true
	o.ReportBatchItemFailures, o.Around = true, rec.around
	h, err := lambda.New(o, aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider("none", "none", ""),
		HTTPClient:  &http.Client{Transport: offline{}},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, zap.NewNop())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := faults(ctx, h, sources); err != nil {
		return nil, err
	}
	results, err := h.Handle(ctx, event)
	if err != nil {
		return nil, err
	}
	return rec.collect(results), nil
}

// faults returns the faults in the configuration of targets. They are no result of an event, so
// no case can want them.
func faults(ctx context.Context, h *lambda.Handler, sources []lambda.Source) error {
	var all []error
	for _, s := range sources {
		faulty, err := h.Faulty(ctx, s.ARN)
		if err != nil {
			return err
		}
		for _, t := range faulty {
			for line := range strings.SplitSeq(t.Err.Error(), "\n") {
				all = append(all, fmt.Errorf("target %q: %s", t.ID, line))
			}
		}
	}
	return errors.Join(all...)
}

// collect returns what each target of the results got, by name.
func (rec *recorder) collect(results []lambda.Result) map[string]*received {
	all := make(map[string]*received)
	nameOf := namer(results)
	for i := range results {
		r := &results[i]
		for k := range r.Report.Targets {
			t := &r.Report.Targets[k]
			got := &received{Records: rec.of(r.SourceARN, t.ID), Filtered: t.Filtered, Dropped: t.Dropped}
			for _, why := range t.Failures {
				got.Failed = append(got.Failed, failure{why.Err.Error(), why.Count, why.Diverted})
			}
			all[nameOf(r.SourceARN, t.ID)] = got
		}
	}
	for _, at := range rec.others(results) { // inactive targets that took records for onFailure
		all[nameOf(at[0], at[1])] = &received{Records: rec.of(at[0], at[1])}
	}
	return all
}

// namer returns a function that names a target: its id, or behind the name of its source if
// the event has several. Sources of one name are named by their ARN.
func namer(results []lambda.Result) func(source, id string) string {
	named := make(map[string]int)
	for i := range results {
		named[awsname.Source(results[i].SourceARN)]++
	}
	return func(source, id string) string {
		switch {
		case len(results) == 1:
			return id
		case named[awsname.Source(source)] > 1:
			return source + "/" + id
		}
		return awsname.Target(source, id)
	}
}
