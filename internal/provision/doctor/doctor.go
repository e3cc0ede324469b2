// Package doctor examines a function with everything around it, and reports each
// problem and its remedy. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"fanout/internal/awserr"
)

// Status is the severity of a finding.
type Status string

const (
	OK      Status = "ok"
	Unknown Status = "unknown" // it could not be checked
	Warning Status = "warning" // it works, but could be better
	Error   Status = "error"   // records are not delivered, or may get lost
)

// Finding is the result of one check.
type Finding struct {
	Check   string `json:"check"`   // the kind of subject: function, table, target and so on
	Subject string `json:"subject"` // the subject; sources and targets as Source and Target name them
	Status  Status `json:"status"`
	Text    string `json:"text"`
	Do      string `json:"do,omitempty"` // the remedy; "" if none is needed
}

// Doctor examines one function.
type Doctor struct {
	Services
	Function string        // name or ARN
	Table    string        // name or ARN of the target table; "": the table in the function's variables
	Lag      time.Duration // the highest age of records that reach the function

	// Flag returns the flag of fanout update that sets an attribute, without its
	// hyphens, "" if there is none. Args are the flags, such as --region, that lead
	// every command to the same function.
	Flag func(attribute string) string
	Args []string

	// Similar returns the name of an existing function that the user probably meant by
	// name, "" if there is none. It may be nil.
	Similar func(ctx context.Context, name string) string
}

// maxChecks bounds the checks that run at a time, so that AWS does not throttle them.
const maxChecks = 8

// task is a check to run.
type task func(ctx context.Context) []Finding

// Examine makes all checks, and returns the findings in an order that does not depend
// on their speed. A check that fails is a finding too.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	p, first := d.begin(ctx)
	if p == nil {
		return first
	}
	tasks := []task{
		p.state, p.settings, p.variables, p.reports,
		p.table, p.ledger, p.writers, p.logs, p.network, p.rights,
		p.mappings, p.sources, p.views, p.lag,
	}
	for i := range p.targets {
		tasks = append(tasks, func(ctx context.Context) []Finding { return p.target(ctx, &p.targets[i]) })
	}
	if p.options.OnFailure != "" {
		tasks = append(tasks, p.failuresQueue)
	}
	return append(first, run(ctx, tasks)...)
}

// run makes the checks, some in parallel.
func run(ctx context.Context, tasks []task) []Finding {
	found := make([][]Finding, len(tasks))
	var g errgroup.Group
	g.SetLimit(maxChecks)
	for i, t := range tasks {
		g.Go(func() (fault error) {
			defer func() {
				if p := recover(); p != nil {
					fault = fmt.Errorf("%v\n%s", p, debug.Stack())
				}
			}()
			found[i] = t(ctx)
			return nil
		})
	}
	if fault := g.Wait(); fault != nil {
		panic(fault) // in the caller's goroutine, which can recover it
	}
	var all []Finding
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

// about is the subject of a check, and makes its findings.
type about struct{ check, subject string }

func (a about) is(s Status, do, format string, args ...any) Finding {
	return Finding{Check: a.check, Subject: a.subject, Status: s, Text: fmt.Sprintf(format, args...), Do: do}
}

func (a about) ok(format string, args ...any) Finding { return a.is(OK, "", format, args...) }

func (a about) warning(do, format string, args ...any) Finding {
	return a.is(Warning, do, format, args...)
}

func (a about) wrong(do, format string, args ...any) Finding { return a.is(Error, do, format, args...) }

// unknown is the finding for a check that err made impossible.
func (a about) unknown(err error) Finding {
	switch {
	case awserr.IsDenied(err):
		return a.is(Unknown, "", "not checked: no right to call %s", call(err))
	case awserr.RefusesCredentials(err):
		return a.is(Unknown, "renew the credentials, or name other ones with --profile", "not checked: AWS refuses the credentials")
	case awserr.IsThrottled(err):
		return a.is(Unknown, "wait a minute, and run fanout doctor again", "not checked: AWS throttles %s", call(err))
	}
	return a.is(Unknown, "run fanout doctor again, or check it yourself", "not checked: %s", awserr.Plain(err))
}

// notChecked is the finding for a check that is impossible from here.
func (a about) notChecked(format string, args ...any) Finding {
	return a.is(Unknown, "", "not checked from here: "+format, args...)
}
