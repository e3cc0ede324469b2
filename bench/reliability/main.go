// Command reliability shows that records arrive despite any failure of a target, and the
// cost of that. It writes its results into docs/reliability.md, and fails if a record was
// lost or out of order.
//
//	make reliability
//	go run ./bench/reliability            # prints the three parts
//	go run ./bench/reliability -part long # one of matrix, long, order
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	only := flag.String("part", "", "run one of matrix, long, order; default: all")
	file := flag.String("write", "", "write the parts into this document, between their markers")
	flag.Parse()
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true") // no client needs it
	if err := run(context.Background(), os.Stdout, parts, *only, *file); err != nil {
		fmt.Fprintln(os.Stderr, "reliability:", err)
		os.Exit(1)
	}
}

// part is a named run that returns Markdown.
type part struct {
	name string
	run  func(context.Context) (string, error)
}

var parts = []part{
	{"matrix", func(ctx context.Context) (string, error) { return measured(matrix(ctx)) }},
	{"long", func(ctx context.Context) (string, error) {
		f, err := longRun.run(ctx)
		if err != nil {
			return "", err
		}
		return f.table(), f.complain()
	}},
	{"order", orderCost.run},
}

// run runs the part only, or all parts if only is empty, and prints them to w. If file is
// set, run also puts each successful part into it.
func run(ctx context.Context, w io.Writer, parts []part, only, file string) error {
	known := only == ""
	var wrong []error
	for _, p := range parts {
		if only != "" && only != p.name {
			continue
		}
		known = true
		text, err := p.run(ctx)
		fmt.Fprintln(w, text)
		if err == nil && file != "" {
			err = write(file, p.name, text)
		}
		wrong = append(wrong, err)
	}
	if !known {
		return fmt.Errorf("unknown part %q; write matrix, long or order", only)
	}
	return errors.Join(wrong...)
}
