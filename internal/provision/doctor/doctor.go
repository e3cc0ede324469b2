// Package doctor looks at a function with all that belongs to it, and says what is
// wrong and what to do. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"fanout/internal/provision/cloud"
)

// Status says how grave a finding is.
type Status string

const (
	OK      Status = "ok"
	Unknown Status = "unknown" // it could not be checked
	Warning Status = "warning" // it works, but not as it might
	Error   Status = "error"   // records are not delivered, or may get lost
)

// Finding is what a check found of a thing.
type Finding struct {
	Check   string `json:"check"`   // what was looked at: function, table, target and so on
	Subject string `json:"subject"` // of which thing; sources and targets as Source and Target name them
	Status  Status `json:"status"`
	Text    string `json:"text"`
	Do      string `json:"do,omitempty"` // "" where nothing need be done
}

// Doctor examines one function.
type Doctor struct {
	Services
	Function string        // name or ARN
	Table    string        // name or ARN of the target table; "": what the function says
	Lag      time.Duration // how old records may be when they reach the function

	// Flag returns the flag of fanout update that sets an attribute, without its hyphens,
	// "" if none does. Args are the flags, such as --region, that every command needs to
	// be about the same function.
	Flag func(attribute string) string
	Args []string

	// Similar returns the name of the function that was probably meant by one that none has,
	// "" if there is none. It may be nil.
	Similar func(ctx context.Context, name string) string
}

// atOnce bounds the checks that run at a time, so that AWS throttles none.
const atOnce = 8

// task is a check that is to be made.
type task func(ctx context.Context) []Finding

// Examine makes all checks, and returns what they found in an order that does not
// depend on how fast they were. A check that fails is a finding too.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	p, first := d.admit(ctx)
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
	return append(first, run(ctx, tasks)...)
}

// run makes the checks, some side by side.
func run(ctx context.Context, tasks []task) []Finding {
	found := make([][]Finding, len(tasks))
	var g errgroup.Group
	g.SetLimit(atOnce)
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
		panic(fault) // where it can be told
	}
	var all []Finding
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

// about is a check of a thing, which makes findings.
type about struct{ check, subject string }

func (a about) is(s Status, do, format string, args ...any) Finding {
	return Finding{Check: a.check, Subject: a.subject, Status: s, Text: fmt.Sprintf(format, args...), Do: do}
}

func (a about) ok(format string, args ...any) Finding { return a.is(OK, "", format, args...) }

func (a about) warning(do, format string, args ...any) Finding {
	return a.is(Warning, do, format, args...)
}

func (a about) wrong(do, format string, args ...any) Finding { return a.is(Error, do, format, args...) }

// unknown is a check that err made impossible.
func (a about) unknown(err error) Finding {
	switch {
	case cloud.IsDenied(err):
		return a.is(Unknown, "", "not checked: no right to call %s", call(err))
	case cloud.RefusesCredentials(err):
		return a.is(Unknown, "renew the credentials, or name others with --profile", "not checked: AWS refuses the credentials")
	case cloud.IsThrottled(err):
		return a.is(Unknown, "wait a minute, and run fanout doctor again", "not checked: AWS throttles %s", call(err))
	}
	return a.is(Unknown, "run fanout doctor again, or look yourself", "not checked: %s", cloud.Plain(err))
}

// notChecked is a check that cannot be made from here.
func (a about) notChecked(format string, args ...any) Finding {
	return a.is(Unknown, "", "not checked from here: "+format, args...)
}
