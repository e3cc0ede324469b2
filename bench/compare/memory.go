package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanout/bench"
)

// memoryTable measures the memory of a function of 128 MB over a long run.
func (c *comparison) memoryTable(ctx context.Context) (table string, err error) {
	w, err := bench.Find("128MB")
	if err != nil {
		return "", err
	}
	f := c.fanout()
	r, err := c.Start(&f, &w)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	var rows [][]string
	show, last, took := 1, 0, time.Duration(0)
	for i := 1; i <= c.invocations; i++ {
		s, err := r.Measure(ctx, 0)
		if err != nil {
			return "", err
		}
		took += s.Processor
		if i != show && i != c.invocations {
			continue
		}
		show *= 10
		peak, err := r.Peak()
		if err != nil {
			return "", err
		}
		resident, err := r.Resident()
		if err != nil {
			return "", err
		}
		rows = append(rows, []string{fmt.Sprint(i), mb(peak), mb(resident), ms(took / time.Duration(i-last))})
		last, took = i, 0
	}
	return fmt.Sprintf("%s, fanout with its defaults; resident memory, MB:\n\n%s", w.Title, markdown([]string{"invocations", "peak", "now", "processor ms an event"}, rows)), nil
}
