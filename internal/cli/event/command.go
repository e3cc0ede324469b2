package event

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/lines"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/jq"
	"fanout/lambda/target"
)

// flags are the flags of `fanout event`.
type flags struct {
	service, data, sourceARN string
	key                      string
	keys                     []string
}

// New returns the command `fanout event`.
func New() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "event <kinesis|dynamodb|sns>",
		Short: "Make a Lambda event of plain lines",
		Long: `Event makes the event that Lambda would pass to the function, and prints it. Each line
of the input becomes a record: the data of a Kinesis record, the message of an SNS
notification, or an item, a JSON object, that is new in a DynamoDB table. Pass the event to
fanout run --event.`,
		Example: `  fanout event kinesis --data orders.jsonl --key .customer > event.json
  fanout event dynamodb --data customers.jsonl --keys id > event.json
  echo hello | fanout event sns > event.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || lines.Example(args[0]) == "" {
				return errors.New("event needs one argument, the type of the source: kinesis, dynamodb or sns")
			}
			f.service = args[0]
			return nil
		},
		ValidArgs: []string{"kinesis", "dynamodb", "sns"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	s := cmd.Flags()
	s.SortFlags = false
	s.StringVar(&f.data, "data", "-", "read the lines of this `FILE`, - for standard input")
	s.StringVar(&f.sourceARN, "source-arn", "", "the records come from the source with this `ARN` (default: one called example)")
	s.StringVar(&f.key, "key", "", "the partition key of a Kinesis record is the result of this jq `PROGRAM`, such as .customer (default: the number of its line)")
	s.StringSliceVar(&f.keys, "keys", []string{"id"}, "the key attributes of the DynamoDB table, by `NAME`; two with a comma")
	_ = cmd.MarkFlagFilename("data")
	return cmd
}

// check checks the flags.
func (f *flags) check(cmd *cobra.Command) error {
	for flag, service := range map[string]string{"key": "kinesis", "keys": "dynamodb"} {
		if cmd.Flags().Changed(flag) && service != f.service {
			return fmt.Errorf("--%s has no effect on records of %s; remove it", flag, f.service)
		}
	}
	if len(f.keys) == 0 || len(f.keys) > 2 {
		return fmt.Errorf("--keys names %d attributes; a table has one or two key attributes", len(f.keys))
	}
	if f.sourceARN == "" {
		f.sourceARN = lines.Example(f.service)
	}
	if service, ok := target.CheckSource(f.sourceARN); !ok || service != f.service {
		return fmt.Errorf("--source-arn is %q; it must be the ARN of a source such as %s", f.sourceARN, lines.Example(f.service))
	}
	return nil
}

func (f *flags) run(cmd *cobra.Command) error {
	m := lines.Maker{Source: f.sourceARN, Region: factory.RegionOf(f.sourceARN), Keys: f.keys, Now: time.Now()}
	if f.key != "" {
		var err error
		if m.Key, err = jq.Compile(f.key); err != nil {
			return fmt.Errorf("--key: %w", err)
		}
	}
	in, err := run.ReadEvent(f.data, cmd.InOrStdin())
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(in.Data)) {
		number++
		if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); line == "" {
			continue
		}
		if err := m.Add(f.service, number, line); err != nil {
			return fmt.Errorf("%s:%d: %w", in.Name, number, err)
		}
	}
	return m.Print(ui.Exact(cmd.OutOrStdout()))
}
