package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/lambda"
	records "fanout/lambda/event"
)

// event is one Lambda event.
type event struct {
	Name string // of its file
	Data []byte
}

// read reads all events first, so that an unreadable one is found before any record is
// sent. It returns the ARNs of the sources without duplicates.
func (f *runFlags) read(cmd *cobra.Command) (events []event, sources []string, err error) {
	switch {
	case f.sourceARN != "":
		return nil, []string{f.sourceARN}, nil
	case f.data != nil:
		source, err := f.lineSource(cmd.Flags())
		return nil, []string{source}, err
	}
	for _, name := range f.events {
		e, err := ReadEvent(name, cmd.InOrStdin())
		if err != nil {
			return nil, nil, err
		}
		if err := f.sourceAs.Relabel(&e); err != nil {
			return nil, nil, err
		}
		found, err := e.Sources()
		if err != nil {
			return nil, nil, err
		}
		for _, source := range found {
			if !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
		events = append(events, e)
	}
	return events, sources, nil
}

// Sources returns the ARNs of the event's sources.
func (e *event) Sources() ([]string, error) {
	arns, err := eventSources(e.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return arns, nil
}

// eventSources returns the ARNs of an event's sources. It refuses invalid ones, such as
// the arn:aws:kinesis:EXAMPLE of published samples.
func eventSources(data []byte) (arns []string, err error) {
	sources, err := lambda.Sources(data)
	if _, ok := errors.AsType[*records.NoARN](err); ok {
		return nil, fmt.Errorf("%w; add --source-arn-as with the ARN of your source", err)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		if !isSource(s.ARN) {
			return nil, fmt.Errorf("the event's Records[%d] has the source ARN %q, which is not the ARN of a %s; "+
				"add --source-arn-as with the ARN of your source", s.First, s.ARN, awsname.SourceNouns)
		}
		arns = append(arns, s.ARN)
	}
	return arns, nil
}

func ReadEvent(name string, stdin io.Reader) (event, error) {
	if name == "-" {
		data, err := io.ReadAll(stdin)
		if err != nil {
			err = fmt.Errorf("standard input cannot be read: %w", err)
		}
		return event{"standard input", data}, err
	}
	data, err := os.ReadFile(name)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("the file %s cannot be read: %w", name, pe.Err)
	}
	return event{name, data}, err
}

// runEvents passes the events to the function one by one, until it is interrupted.
func (f *runFlags) runEvents(ctx context.Context, h *lambda.Handler, events []event, sources []string, stderr io.Writer) error {
	nowhere, err := f.readable(ctx, h, sources)
	if err != nil {
		return err
	}
	ctx, stop := ui.UntilInterrupted(ctx, stderr)
	defer stop()
	for i, e := range events {
		if ctx.Err() != nil {
			return ui.Failed(fmt.Errorf("interrupted before event %d of %d, %s; this event and later ones were not handled", i+1, len(events), e.Name))
		}
		if err := f.handle(ctx, h, e.Data); err != nil {
			return ui.Failed(fmt.Errorf("%s: %w", e.Name, err))
		}
	}
	return nowhere // the records of other sources were delivered
}

// handle finishes the event even if ctx ends.
func (f *runFlags) handle(ctx context.Context, h *lambda.Handler, e []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Timeout)
	defer cancel()
	_, err := h.Handle(ctx, e)
	return err
}
