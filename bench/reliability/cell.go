package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/faultproxy"
	"fanout/lambda"
)

// The records of a cell come from one shard, with a few keys, in several requests.
const (
	cellRecords = 40
	cellKeys    = 4
)

// keys is the number of keys in a cell. A cache keeps the last record of each key.
// Without order any record may be the last, so each record then has its own key.
func (c *cell) keys() int {
	if c.kind.keeps && !c.ordered {
		return cellRecords
	}
	return cellKeys
}

// attemptTime is the time limit of an attempt where answers stall. Other cells use the
// function's own limit, so that a slow machine causes no extra fault.
const attemptTime = time.Second

// cell is a target of one kind with one fault, on its own sockets.
type cell struct {
	fault   *fault
	kind    *kind
	ordered bool

	dir    string
	aws    *awsfake.Server // has the queue of onFailure
	server server
	proxy  *faultproxy.Proxy // nil for files
	calls  atomic.Int64      // that can fail by code or partially
	healed atomic.Bool
}

// seen is the outcome of a cell.
type seen struct {
	outcome    outcome
	invoked    int // number of invocations
	requests   int
	lost       int // records that no server has; for caches, keys without their last record
	duplicates int // arrivals of records that had arrived before
	inversions int // first arrivals after a later record of the same key
}

// run makes a cell, lets the function deliver to it as Lambda does until it reports no
// failure, and returns the outcome.
func (c *cell) run(ctx context.Context) (s seen, err error) {
	if c.dir, err = os.MkdirTemp("", "reliability"); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	if c.aws, err = awsfake.Start(); err != nil {
		return s, err
	}
	defer c.aws.Close()
	c.server = cloud{c.aws, c.kind.taken}
	if c.kind.start != nil {
		if c.server, err = c.kind.start(c); err != nil {
			return s, err
		}
		defer c.server.Close()
	}
	at := c.server.Addr()
	if c.kind.family != onDisk {
		if c.proxy, err = faultproxy.Start(proxyOf(c.kind.family), at); err != nil {
			return s, err
		}
		defer c.proxy.Close()
		at = c.proxy.Addr()
	}
	if err := c.harm(); err != nil {
		return s, err
	}
	h, client, err := c.handler(at)
	if err != nil {
		return s, err
	}
	defer client.CloseIdleConnections()
	return s, c.deliver(ctx, h, &s)
}

// deliver invokes the function as Lambda's event source mapping does.
func (c *cell) deliver(ctx context.Context, h *lambda.Handler, s *seen) error {
	h.OnResults = func(results []lambda.Result) {
		for _, r := range results {
			s.requests += r.Report.Targets[0].Requests
		}
	}
	src := &source{shards: 1, records: cellRecords, keys: c.keys()}
	for from := 0; from < cellRecords; s.invoked++ {
		if s.invoked == 5 {
			return errors.New("records still failed when Lambda had sent them for the fifth time")
		}
		next, err := src.invoke(ctx, h, from, cellRecords)
		if err != nil {
			return err
		}
		if from = next; from < cellRecords {
			if err := c.heal(); err != nil {
				return err
			}
		}
	}
	if !c.harmed() {
		return errors.New("the fault did not happen")
	}
	return c.judge(s)
}

// harmed reports whether the fault happened.
func (c *cell) harmed() bool {
	if c.fault.refused || c.fault.tls {
		return true // no request gets through
	}
	if c.calls.Load() > 0 {
		return true
	}
	_, faulty := c.proxy.Requests()
	return faulty > 0
}

// judge compares the records that arrived with the records that were sent.
func (c *cell) judge(s *seen) error {
	taken, err := c.server.Taken()
	if err != nil {
		return err
	}
	spare, err := cloud{c.aws, "sqs/spare"}.Taken()
	if err != nil {
		return err
	}
	keeps := c.kind.keeps && len(spare) == 0 // keeps the last record of each key
	l := newLog(cellRecords, c.keys())
	for _, data := range slices.Concat(taken, spare) {
		n, err := number(data)
		if err != nil {
			return fmt.Errorf("something arrived that was not sent: %w", err)
		}
		l.take(n)
	}
	s.lost, s.duplicates = cellRecords-l.distinct, l.duplicates
	if keeps {
		s.lost = c.keys() - l.last(cellRecords-c.keys())
	} else if c.ordered {
		s.inversions = l.inversions
	}
	switch {
	case len(spare) > 0:
		s.outcome = diverted
	case s.invoked > 1:
		s.outcome = sentAgain
	case s.duplicates > 0:
		s.outcome = twice
	default:
		s.outcome = delivered
	}
	return nil
}

// complain returns the violations: records that were lost, out of order, or delivered
// twice without need.
func (c *cell) complain(s *seen) (all []error) {
	complain := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if want := c.fault.expected(c.kind); s.outcome != want {
		complain("the outcome is %q; want %q", s.outcome, want)
	}
	if s.lost > 0 {
		complain("%d lost", s.lost)
	}
	if s.inversions > 0 {
		complain("%d behind a later record of their key", s.inversions)
	}
	if s.duplicates > 0 && !c.fault.taken {
		complain("%d arrived twice, though no answer was lost", s.duplicates)
	}
	return all
}

// targets writes the file of targets: the target under test, and its onFailure target.
func (c *cell) targets(at string) (file string, err error) {
	scheme, more := "http", ""
	if c.fault.tls {
		scheme = c.kind.scheme
	}
	if c.fault.diverts {
		more = ", onFailure: spare"
	}
	text := fmt.Sprintf("targets:\n- {sourceArn: '%s', id: target, active: true, parallel: %t, %s%s}\n",
		stream, !c.ordered, c.kind.target(scheme, at), more)
	text += fmt.Sprintf("- {sourceArn: '%s', id: spare, active: false, type: sqs, collapse: none, destination: %sspare}\n", stream, queues)
	file = filepath.Join(c.dir, "targets.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}
