package event

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/cli/lines"
	"fanout/internal/cli/ui"
	"fanout/lambda/target"
)

// flags are the flags of `fanout event`.
type flags struct {
	service, data, sourceARN string
	fifo                     bool
	records                  lines.Flags
}

// New returns the command `fanout event`.
func New() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "event <kinesis|dynamodb|sns|sqs|kafka>",
		Short: "Make a Lambda event of plain lines",
		Long: `Event makes the event that Lambda would pass to the function, and prints it. Each line
of the input becomes a record: the data of a Kinesis record, the message of an SNS
notification, the body of an SQS message, the value of a Kafka record, or an item, a JSON
object, that is new in a DynamoDB table. Pass the event to fanout run --event. To deliver lines without an event in between, use fanout run --data.
Empty lines are skipped.`,
		Example: `  fanout event kinesis --data orders.jsonl --key .customer > event.json
  fanout event dynamodb --data customers.jsonl --keys id > event.json
  fanout event kafka --data orders.jsonl --key .customer --source-arn kafka://broker:9092/orders > event.json
  fanout event sqs --fifo --group .customer --data orders.jsonl > event.json
  echo hello | fanout event sns > event.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || lines.Example(args[0]) == "" {
				return errors.New("event needs one argument, the type of the source: kinesis, dynamodb, sns, sqs or kafka")
			}
			f.service = args[0]
			return nil
		},
		ValidArgs: []string{"kinesis", "dynamodb", "sns", "sqs", "kafka"},
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
	s.BoolVar(&f.fifo, "fifo", false, "the SQS queue called example is a FIFO queue")
	f.records.Add(s)
	_ = cmd.MarkFlagFilename("data")
	return cmd
}

// check checks the flags.
func (f *flags) check(cmd *cobra.Command) error {
	if err := f.records.Check(cmd.Flags(), f.service); err != nil {
		return err
	}
	switch {
	case f.fifo && (f.service != "sqs" || f.sourceARN != ""):
		return errors.New("--fifo is only for sqs without --source-arn, whose name ends in .fifo if it is a FIFO queue; remove it")
	case f.fifo:
		f.sourceARN = lines.Example(f.service) + ".fifo"
	case f.sourceARN == "":
		f.sourceARN = lines.Example(f.service)
	}
	if service, ok := target.CheckSource(f.sourceARN); !ok || service != f.service {
		return fmt.Errorf("--source-arn is %q; it must be the ARN of a source such as %s", f.sourceARN, lines.Example(f.service))
	}
	return nil
}

func (f *flags) run(cmd *cobra.Command) error {
	m, err := f.records.Maker(f.sourceARN, f.service)
	if err != nil {
		return err
	}
	in, err := lines.Open(cmd.InOrStdin(), f.data)
	if err != nil {
		return err
	}
	defer in.Close()
	for number, line := range in.Lines() {
		if err := m.Add(cmd.Context(), number, line); err != nil {
			return in.At(number, err)
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return m.Print(ui.Exact(cmd.OutOrStdout()))
}
