package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"fanout/lambda"
)

// runEvents hands each event to the function. It goes on after one that fails,
// and returns the first error.
func (f *runFlags) runEvents(cmd *cobra.Command, h *lambda.Handler) (first error) {
	for _, name := range f.events {
		data, err := readInput(cmd, name)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
		_, err = h.Handle(ctx, data)
		cancel()
		if err == nil {
			continue
		}
		err = fmt.Errorf("event %s: %w", name, err)
		if !lambda.IsBadEvent(err) {
			err = failed(err)
		}
		if first == nil {
			first = err
		} else {
			fmt.Fprintln(cmd.ErrOrStderr(), "fanout:", err)
		}
	}
	return first
}

// explainPlans prints how the records of each source would travel.
func (f *runFlags) explainPlans(cmd *cobra.Command, h *lambda.Handler) error {
	sources := []string{f.sourceARN}
	if f.sourceARN == "" {
		sources = nil
		for _, name := range f.events {
			data, err := readInput(cmd, name)
			if err != nil {
				return err
			}
			found, err := lambda.Sources(data)
			if err != nil {
				return fmt.Errorf("event %s: %w", name, err)
			}
			sources = append(sources, found...)
		}
	}
	for i, source := range sources {
		plan, err := h.Explain(cmd.Context(), source)
		if err != nil {
			return failed(err)
		}
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s", source, plan)
	}
	return nil
}

func readInput(cmd *cobra.Command, name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name) // its error names the file
	}
	data, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return data, nil
}
