package main

import (
	"context"
	"errors"
	"fmt"

	"fanout/bench"
)

// memoryTable shows what a function of 128 MB needs in the long run.
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
	show := 1
	for i := 1; i <= c.invocations; i++ {
		if _, err := r.Measure(ctx, 0); err != nil {
			return "", err
		}
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
		rows = append(rows, []string{fmt.Sprint(i), mb(peak), mb(resident)})
	}
	return fmt.Sprintf("%s; resident memory, MB:\n\n%s", w.Title, markdown([]string{"invocations", "peak", "now"}, rows)), nil
}
