package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// matrix runs every cell, several at once, with and without order, and returns the
// table of what happened and all that was not as it must be.
func matrix(ctx context.Context, atOnce int) (string, error) {
	ks, fs := kinds(), faults()
	cells := make([][]outcome, len(fs))
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		wrong []error
		room  = make(chan struct{}, atOnce)
	)
	for i := range fs {
		cells[i] = make([]outcome, len(ks))
		for k := range ks {
			if cells[i][k] = impossible; fs[i].expected(&ks[k]) == impossible {
				continue
			}
			for _, ordered := range []bool{false, true} {
				wg.Go(func() {
					room <- struct{}{}
					defer func() { <-room }()
					s, err := try(ctx, &cell{fault: &fs[i], kind: &ks[k], ordered: ordered})
					mu.Lock()
					defer mu.Unlock()
					cells[i][k] = s.outcome
					if err != nil {
						wrong = append(wrong, err)
					}
				})
			}
		}
	}
	wg.Wait()
	return matrixTable(func(i, k int) outcome { return cells[i][k] }), errors.Join(wrong...)
}

// try runs a cell within the time that Lambda gives at most.
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

// matrixTable is the matrix in Markdown.
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
