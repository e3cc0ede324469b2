package lambda_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// account is a handler with its own AWS to deliver to.
type account struct {
	t testing.TB
	*awsfake.Server
	*lambda.Handler
	file string       // of targets
	log  bytes.Buffer // the handler's log
}

// open returns an account with the targets of some YAML.
func open(t testing.TB, targets string, options ...func(*lambda.Options)) *account {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	a := &account{t: t, Server: fake, file: filepath.Join(t.TempDir(), "targets.yaml")}
	a.configure(targets)
	o := lambda.DefaultOptions()
	o.Metrics = metrics.ModeNone
	o.TargetsFile = a.file
	for _, set := range options {
		set(&o)
	}
	cfg, err := lambda.ConfigFromVariables(lambda.At(fake.URL()), o.InFlight)
	if err != nil {
		t.Fatal(err)
	}
	if a.Handler, err = lambda.New(o, cfg, lambda.NewLogger(&a.log, o.LogLevel)); err != nil {
		t.Fatal(err)
	}
	return a
}

// configure changes the targets to some YAML.
func (a *account) configure(targets string) {
	a.t.Helper()
	if err := os.WriteFile(a.file, []byte(targets), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// handle delivers an event and returns the results of its sources.
func (a *account) handle(event string) []lambda.Result {
	a.t.Helper()
	results, err := a.Handle(a.t.Context(), []byte(event))
	if err != nil {
		a.t.Fatal(err)
	}
	return results
}

// deliver handles an event, and fails the test if any record fails.
func (a *account) deliver(event string) {
	a.t.Helper()
	for _, r := range a.handle(event) {
		for _, t := range r.Report.Targets {
			if t.Failed > 0 {
				a.t.Errorf("%d records of %s failed at %s: %v", t.Failed, r.SourceARN, t.ID, t.Failures)
			}
		}
	}
}

// answer invokes the handler and returns its answer, or the error.
func (a *account) answer(event string) string {
	a.t.Helper()
	answer, err := a.Invoke(a.t.Context(), []byte(event))
	if err != nil {
		return "error: " + err.Error()
	}
	return string(answer)
}

// calls counts the calls of a service.
func (a *account) calls(service string) (n int) {
	for _, c := range a.Calls() {
		if c.Service == service {
			n++
		}
	}
	return n
}

// arrivals counts how often each data arrived at a destination.
func (a *account) arrivals(destination string) map[string]int {
	n := map[string]int{}
	for _, r := range a.Records(destination) {
		n[string(r.Data)]++
	}
	return n
}

// entry is a line of the log.
type entry struct {
	Level, Msg, Source, Target, Error string
	Delivered, Already                int
	Filtered, Dropped, Failed         int
	Failures                          []struct {
		Error, Class, Shard, Sequence, Remedy string
		Records                               int
	}
}

// logged returns the lines of the log, and forgets them.
func (a *account) logged() (all []entry) {
	a.t.Helper()
	for line := range strings.Lines(a.log.String()) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			a.t.Errorf("the log has a line that is not JSON: %s", line)
		}
		all = append(all, e)
	}
	a.log.Reset()
	return all
}

// targets returns YAML of targets of a source, each given by its other attributes.
func targets(source string, attributes ...string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for _, a := range attributes {
		fmt.Fprintf(&b, "- {sourceArn: %q, active: true, %s}\n", source, a)
	}
	return b.String()
}
