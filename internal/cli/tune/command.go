// Package tune has the command `fanout tune`.
package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/tune"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
)

// tuneFlags are the flags of `fanout tune`.
type tuneFlags struct {
	*factory.Factory
	targets, table    string
	sample            sampleFlags
	perSecond         float64
	shards            int
	maxLag            time.Duration
	enhanced          bool
	metrics           string
	grid              tune.Grid
	prices, latencies string
	report, output    string
	function          string

	printPrices, printLatencies bool
}

// NewTune returns the command `fanout tune`.
// mostPerSecond bounds the records that a plan may have a second: far above every stream.
const mostPerSecond = 1e12

func NewTune(c *factory.Factory) *cobra.Command {
	f := tuneFlags{Factory: c, grid: tune.DefaultGrid()}
	cmd := &cobra.Command{
		Use:   "tune (--targets FILE | --table NAME) (--event FILE… | --source-arn ARN)",
		Short: "Find the batch size, memory and other settings for a stream",
		Long: `Tune simulates the function and its event source mapping with many settings, for a
sample of a stream and its targets. It recommends the cheapest setting that handles the
load with 20 % to spare and delivers 99 % of the records within --max-lag. It sends no
records, and calls AWS only to read the sample and the table of targets.

Measured: the function's handler runs here on batches of the sample, of many sizes. It
makes the usual requests, but sends them to a stand-in for the services. So the number
and sizes of the requests and their CPU time are real.

Modeled: the latencies of services, of Lambda and of the polling of shards, which are
assumptions from a file (--latencies replaces it). Below one vCPU, CPU time is multiplied by
1,769 MB ÷ memory. The model leaves out throttling, retries, cold starts and the memory
that the function needs.

Prices come from a file with region and date (--prices replaces it).
--print-prices and --print-latencies print the built-in files.

The table starts with the recommended setting. The rows below differ from it in one
value. A setting keeps up if the load uses at most 80 % of its capacity. A second table has
the calls and charges of each target, and what aggregate or lanes would change. The
commands that apply the setting come last. --report writes a page with plots.`,
		Example: `  fanout tune --targets targets.yaml --event event.json --records-per-second 2000 --shards 4
  fanout tune --table fanoutTargets --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders --max-lag 5s
  fanout tune --targets targets.yaml --event event.json --report tune.html --memory 256,512
  fanout tune --targets targets.yaml --event sample.json --source-arn-as arn:aws:kinesis:eu-west-1:123456789012:stream/orders --records-per-second 2000
  fanout tune --print-prices > prices.yaml`,
		Args: ui.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	return cmd
}

// add adds the flags.
func (f *tuneFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.SortFlags = false
	s.StringVar(&f.targets, "targets", "", "read the targets from this `FILE` in YAML or JSON")
	s.StringVar(&f.table, "table", "", "read the targets from this DynamoDB table, by `NAME` or ARN")
	f.sample.add(s)
	s.Float64Var(&f.perSecond, "records-per-second", 0, "plan for `N` records per second in the whole stream (default: from the sample's arrival times)")
	s.IntVar(&f.shards, "shards", 0, "plan for `N` shards (default: as in the sample)")
	ui.DurationFlag(s, &f.maxLag, "max-lag", 2*time.Second, "deliver 99 % of the records to all targets within this `TIME`")
	s.BoolVar(&f.enhanced, "enhanced-fan-out", false, "read a Kinesis stream with enhanced fan-out")
	ui.OneOf(cmd, &f.metrics, "metrics", string(metrics.ModeCloudWatch), "the `SERVICE` for the function's metrics: cloudwatch, emf or none",
		[]string{string(metrics.ModeCloudWatch), string(metrics.ModeEMF), string(metrics.ModeNone)})
	s.IntSliceVar(&f.grid.BatchSizes, "batch-size", f.grid.BatchSizes, "try this `LIST` of batch sizes")
	s.Var(&ui.Durations{Value: &f.grid.Windows}, "window", "try this `LIST` of batching windows")
	s.IntSliceVar(&f.grid.Factors, "parallelization-factor", f.grid.Factors, "try this `LIST` of parallelization factors")
	s.IntSliceVar(&f.grid.InFlights, "in-flight", f.grid.InFlights, "try this `LIST` of requests in flight")
	s.IntSliceVar(&f.grid.Memories, "memory", f.grid.Memories, "try this `LIST` of memory sizes, in MB")
	ui.SomeOf(cmd, &f.grid.Collapses, "collapse", "try this `LIST` of values for collapse, at targets that support it; the recommendation uses the first one (default: as configured, plus JSON and none)",
		append([]string{tune.Configured}, target.AttributeWords["collapse"]...))
	s.StringVar(&f.prices, "prices", "", "read prices from this YAML `FILE` (default: built in)")
	s.StringVar(&f.latencies, "latencies", "", "read latencies from this YAML `FILE` (default: built in)")
	s.BoolVar(&f.printPrices, "print-prices", false, "print the built-in prices, and exit")
	s.BoolVar(&f.printLatencies, "print-latencies", false, "print the built-in latencies, and exit")
	s.StringVar(&f.report, "report", "", "write a page with plots to this HTML `FILE`")
	s.StringVar(&f.function, "function", "fanout", "name the function with this `NAME` in the commands that apply the setting")
	ui.OutputFlag(cmd, &f.output, ui.OutputForms...)
	f.complete(cmd)
}

// complete sets the shell's completion of flags. The flags exist, so the errors are
// always nil.
func (f *tuneFlags) complete(cmd *cobra.Command) {
	for _, name := range []string{"targets", "prices", "latencies"} {
		_ = cmd.MarkFlagFilename(name, "yaml", "yml", "json")
	}
	_ = cmd.MarkFlagFilename("event", "json")
	_ = cmd.MarkFlagFilename("report", "html")
	ui.CompleteWords(cmd, "starting-position", ui.Positions)
}

// check checks the flags.
func (f *tuneFlags) check() error {
	switch {
	case f.targets != "" && f.table != "":
		return errors.New("--targets and --table cannot be combined; use only one")
	case f.targets == "" && f.table == "":
		return errors.New("the targets are missing; add --targets FILE or --table NAME")
	case f.perSecond < 0 || f.perSecond > mostPerSecond || math.IsNaN(f.perSecond):
		return fmt.Errorf("--records-per-second is %v; it must be above 0 and at most %v", f.perSecond, mostPerSecond)
	case f.shards < 0:
		return fmt.Errorf("--shards is %d; it must be at least 1", f.shards)
	case f.maxLag <= 0:
		return fmt.Errorf("--max-lag is %v; it must be longer than 0", f.maxLag)
	}
	if err := f.sample.check(); err != nil {
		return err
	}
	return f.grid.Check()
}

func (f *tuneFlags) run(cmd *cobra.Command) error {
	switch {
	case f.printPrices:
		_, err := cmd.OutOrStdout().Write(tune.DefaultPrices())
		return ui.Failed(err)
	case f.printLatencies:
		_, err := cmd.OutOrStdout().Write(tune.DefaultLatencies())
		return ui.Failed(err)
	}
	if err := f.check(); err != nil {
		return err
	}
	return f.tune(cmd)
}

// tune measures, simulates and prints.
func (f *tuneFlags) tune(cmd *cobra.Command) error {
	prices, err := tune.LoadPrices(f.prices)
	if err != nil {
		return err
	}
	latencies, err := tune.LoadLatencies(f.latencies)
	if err != nil {
		return err
	}
	page, unwritable := f.openReport() // the table is printed in any case
	defer func() { _ = page.Close() }()
	stderr := ui.NewLive(cmd.ErrOrStderr())
	cfg, err := f.Load(cmd.Context(), 1, []string{f.sample.sourceARN})
	if err != nil {
		return err
	}
	sample, err := f.sample.take(cmd, cfg, stderr)
	if err != nil {
		return err
	}
	load, err := sample.Load(f.perSecond, f.shards)
	if err != nil {
		return err
	}
	store, err := f.store(cfg)
	if err != nil {
		return err
	}
	grid := f.grid
	measured, err := f.measure(cmd.Context(), sample, store, &grid, stderr)
	if err != nil {
		return err
	}
	report := tune.Simulate(tune.Options{
		Sample: sample, Measurement: measured, Load: load, Prices: prices, Latencies: latencies, Grid: grid,
		MaxLag: f.maxLag, Metrics: metrics.Mode(f.metrics), Enhanced: f.enhanced, Function: f.function,
	})
	err = showTuning(cmd.OutOrStdout(), f.output, report)
	if err = errors.Join(err, writeReport(page, report)); err != nil {
		return ui.Failed(err)
	}
	return unwritable
}

// store returns the store of the targets.
func (f *tuneFlags) store(cfg aws.Config) (target.Store, error) {
	if f.targets != "" {
		return f.Catalog.OpenFile(f.targets)
	}
	return &target.Table{Client: cloud.Of(cfg).DynamoDB(), Catalog: f.Catalog, Name: f.table}, nil
}

// measure runs the sample through the function, and shows its progress on a terminal.
// If the user sets no collapse to try, grid gets the values that suit the targets.
func (f *tuneFlags) measure(ctx context.Context, s *tune.Sample, store target.Store, grid *tune.Grid, stderr *ui.Live) (*tune.Measurement, error) {
	o := tune.MeasureOptions{
		Catalog: f.Catalog, Store: store, Region: factory.RegionOf(s.Source), Collapse: grid.Collapses, Factors: grid.Factors,
		Largest: slices.Max(grid.BatchSizes), Log: f.Logger(stderr),
	}
	if stderr.Terminal() {
		o.Progress = func(done, total int) {
			if stderr.Show(fmt.Sprintf("measuring batches: %d of %d", done, total)); done == total {
				stderr.Show("")
			}
		}
	}
	m, err := tune.Measure(ctx, s, o)
	if err == nil {
		grid.Collapses = m.Collapses
	}
	return m, err
}

// openReport opens the file of the report. It returns nil if no report is wanted.
func (f *tuneFlags) openReport() (*os.File, error) {
	if f.report == "" {
		return nil, nil
	}
	return ui.CreateFile("report", f.report)
}

func writeReport(file *os.File, r *tune.Report) error {
	if file == nil {
		return nil
	}
	if err := errors.Join(file.Truncate(0), r.WriteHTML(file), file.Close()); err != nil {
		return fmt.Errorf("the report %s cannot be written: %w", file.Name(), err)
	}
	return nil
}
