package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// atOnce is the number of concurrent cells. They wait most of the time.
const atOnce = 16

// tried is the result of a cell. A nil err means that it is correct.
type tried struct {
	fault, kind int // row and column
	ordered     bool
	seen        seen
	err         error
}

// matrix runs every possible cell, without and with order.
func matrix(ctx context.Context) []tried {
	fs, ks := faults(), kinds()
	var all []tried
	for i := range fs {
		for k := range ks {
			if fs[i].expected(&ks[k]) != impossible {
				all = append(all, tried{fault: i, kind: k}, tried{fault: i, kind: k, ordered: true})
			}
		}
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i := range all {
		c := &all[i]
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			c.seen, c.err = try(ctx, &cell{fault: &fs[c.fault], kind: &ks[c.kind], ordered: c.ordered})
		})
	}
	wg.Wait()
	return all
}

// measured returns the table of the outcomes, and an error with all violations.
func measured(all []tried) (string, error) {
	outcomes := make(map[[2]int]outcome)
	var wrong []error
	for _, c := range all {
		outcomes[[2]int{c.fault, c.kind}] = c.seen.outcome
		wrong = append(wrong, c.err)
	}
	return matrixTable(func(i, k int) outcome {
		if o, ran := outcomes[[2]int{i, k}]; ran {
			return o
		}
		return impossible
	}), errors.Join(wrong...)
}

// try runs a cell within Lambda's maximum time.
func try(ctx context.Context, c *cell) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	s, err := c.run(ctx)
	errs := []error{err}
	if err == nil {
		errs = c.complain(&s)
	}
	for i, e := range errs {
		if e != nil {
			errs[i] = fmt.Errorf("%s, %s, ordered %t: %w", c.kind.name, c.fault.name, c.ordered, e)
		}
	}
	return s, errors.Join(errs...)
}

// matrixTable returns the matrix in Markdown.
func matrixTable(cell func(fault, kind int) outcome) string {
	ks, fs := kinds(), faults()
	var b strings.Builder
	b.WriteString("| fault |")
	for _, k := range ks {
		fmt.Fprintf(&b, " %s |", k.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(ks)) + "\n")
	for i := range fs {
		fmt.Fprintf(&b, "| %s |", fs[i].name)
		for k := range ks {
			fmt.Fprintf(&b, " %s |", cell(i, k))
		}
		b.WriteString("\n")
	}
	return b.String()
}
