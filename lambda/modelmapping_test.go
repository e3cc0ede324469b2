package lambda

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/lambda/event"
)

// mapping is how Lambda reads a source (AWS Lambda developer guide, Using Lambda to
// process records from Amazon Kinesis Data Streams).
type mapping struct {
	batch   int           // BatchSize
	bisect  bool          // BisectBatchOnFunctionError
	retries int           // MaximumRetryAttempts; below 0: until it is through
	maxAge  time.Duration // MaximumRecordAge; 0: none
}

func (m *model) newMapping() mapping {
	p := mapping{batch: 1 + m.rnd.IntN(15), bisect: m.chance(2), retries: m.rnd.IntN(6)}
	if m.chance(4) {
		p.maxAge = time.Duration(60+m.rnd.IntN(120)) * time.Second
	}
	if m.chance(2) {
		p.retries = -1
	}
	return p
}

// cursor is a mapping's place in a shard, or in a part of it.
type cursor struct {
	source   *modelSource
	shard    string
	all      []*modelRecord
	left     []*modelRecord // not through yet
	size     int            // of the batch under way; 0: none
	attempts int            // of that batch, failed
}

// under returns the batch that is under way.
func (c *cursor) under() []*modelRecord { return c.left[:c.size] }

// pass says that n records are through.
func (c *cursor) pass(n int) {
	if n > 0 {
		c.attempts = 0
	}
	c.left, c.size = c.left[n:], c.size-n
}

// fail says that what is left of the batch failed, as Lambda has it: it is sent again,
// in halves if the function itself failed, until it is given up.
func (c *cursor) fail(wholly bool) {
	s := c.source
	c.attempts++
	gone := s.retries >= 0 && c.attempts > s.retries ||
		s.maxAge > 0 && slices.ContainsFunc(c.under(), func(r *modelRecord) bool { return time.Since(r.born) > s.maxAge })
	if wholly && s.bisect && c.size > 1 {
		c.size = (c.size + 1) / 2
		return
	}
	if !gone {
		return
	}
	for _, r := range c.under() {
		r.givenUp = true
	}
	c.pass(c.size)
}

// invocation is an event on its way.
type invocation struct {
	cursors []*cursor // of its batches
	sent    []*modelRecord
	answer  []byte
	err     error
	late    time.Duration // behind its deadline
}

// invocations makes events of some batches, which are under way at the same time.
// Most have one batch, as from Lambda; some have several.
func (m *model) invocations(open []*cursor) (all []*invocation) {
	for _, i := range m.rnd.Perm(len(open))[:min(len(open), 1+m.rnd.IntN(3))] {
		c := open[i]
		if c.size == 0 {
			c.size = min(len(c.left), 1+m.rnd.IntN(c.source.batch))
			if c.source.kind == event.SNS {
				c.size = 1
			}
			for c.size < len(c.left) && c.left[c.size].numbered(c.left[c.size-1]) {
				c.size++ // of AWS's sources none parts them, as none has them
			}
		}
		if len(all) > 0 && m.chance(2) && all[len(all)-1].takes(c) {
			last := all[len(all)-1]
			last.cursors = append(last.cursors, c)
			continue
		}
		all = append(all, &invocation{cursors: []*cursor{c}})
	}
	for _, v := range all {
		m.mix(v)
	}
	return all
}

// takes reports whether c's batch can be in v too: an event of DynamoDB does not name
// the shard, so it has records of one only.
func (v *invocation) takes(c *cursor) bool {
	return !slices.ContainsFunc(v.cursors, func(o *cursor) bool {
		return o.source != c.source && c.source.alike || o.source == c.source && (o.shard == c.shard || c.source.kind != event.Kinesis)
	})
}

// mix shuffles the records of v's batches and keeps each batch in order.
func (m *model) mix(v *invocation) {
	next := make([]int, len(v.cursors))
	for {
		var can []int
		for i, c := range v.cursors {
			if next[i] < c.size {
				can = append(can, i)
			}
		}
		if len(can) == 0 {
			return
		}
		i := can[m.rnd.IntN(len(can))]
		v.sent = append(v.sent, v.cursors[i].under()[next[i]])
		next[i]++
	}
}

// payload is the event itself.
func (v *invocation) payload() []byte {
	texts := make([]string, len(v.sent))
	for i, r := range v.sent {
		texts[i] = r.text()
	}
	return []byte(`{"Records":[` + strings.Join(texts, ",") + `]}`)
}

// deliver invokes the function with events in parallel and applies their answers.
func (m *model) deliver(all []*invocation) {
	m.mu.Lock()
	m.round++
	m.results = nil
	p := m.process
	m.mu.Unlock()
	var wg sync.WaitGroup
	for _, v := range all {
		wg.Go(func() {
			deadline := time.Now().Add(10 * time.Second)
			ctx, cancel := p.until(deadline.Add(m.lateness()))
			defer cancel()
			v.answer, v.err = p.Invoke(ctx, v.payload())
			v.late = time.Since(deadline)
		})
	}
	wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process != nil && m.crashes > 0 && m.chance(30) { // after the last request, before the answer
		m.crashes--
		m.crash()
	}
	if m.process == nil {
		m.start()
		for _, v := range all {
			for _, c := range v.cursors {
				c.fail(len(v.cursors) == 1)
			}
		}
		return
	}
	failed := m.checkResults(all)
	for _, v := range all {
		m.tamper(v)
		m.checkAnswer(v, failed)
		m.obey(v)
	}
}

// obey applies an answer to the batches of v.
func (m *model) obey(v *invocation) {
	for _, c := range v.cursors {
		if c.attempts > 300 {
			m.t.Fatalf("%d records of %s are not through after %d attempts", len(c.left), c.source.arn, c.attempts)
		}
		if v.err != nil {
			c.fail(len(v.cursors) == 1)
			continue
		}
		c.pass(m.through(v, c))
		if c.size > 0 {
			c.fail(false)
		}
	}
}

// through returns how many records of c's batch the answer of v lets pass.
func (m *model) through(v *invocation, c *cursor) int {
	var a answer
	if err := json.Unmarshal(v.answer, &a); err != nil {
		m.t.Fatalf("the answer is %s: %v", v.answer, err)
	}
	for i, r := range c.under() {
		if slices.Contains(a.BatchItemFailures, itemFailure{r.seq}) {
			return i
		}
	}
	return c.size
}
