package ui

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// ErrDeclined reports the answer no.
var ErrDeclined = errors.New("nothing was changed")

// Ask asks whether to go on, unless yes is set. Only a line "y" or "yes" means yes.
func Ask(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	line, err := answerTo(cmd)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	if errors.Is(err, io.EOF) && line == "" {
		fmt.Fprintln(cmd.ErrOrStderr())
		return errors.New("standard input has no answer, so nothing was changed; add --yes to skip the question")
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return ErrDeclined
}

// answerTo reads a line, unless the command is interrupted first.
func answerTo(cmd *cobra.Command) (string, error) {
	type read struct {
		line string
		err  error
	}
	answered := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		answered <- read{line, err}
	}()
	select {
	case r := <-answered:
		return r.line, r.err
	case <-cmd.Context().Done():
		fmt.Fprintln(cmd.ErrOrStderr())
		return "no", nil
	}
}
