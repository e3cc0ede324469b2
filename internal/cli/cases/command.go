package cases

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fanout/engine/plain"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
)

// flags are the flags of `fanout test`.
type flags struct {
	*factory.Factory
	targets, junit string
	update         bool
}

// New returns the command `fanout test`.
func New(c *factory.Factory) *cobra.Command {
	f := flags{Factory: c}
	cmd := &cobra.Command{
		Use:   "test DIR…",
		Short: "Check what each target gets of sample events",
		Long: `Test runs the cases below folders, and compares what each target gets with what it must
get. It calls no AWS and writes to no target.

A case is a folder with event.json, an event in the form that Lambda passes to the
function, and want.yaml, which has the records of each target. Its targets are in
targets.yaml, or .yml or .json, in the folder of the case or in the nearest one above it.
With --update, test writes want.yaml instead: read it before you commit it.

The exit status is 0 if all cases pass, and 1 if one does not.`,
		Example: `  fanout test cases
  fanout test cases --update
  fanout test cases --junit report.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("the folder of the cases is missing; name it, such as fanout test cases")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	s := cmd.Flags()
	s.SortFlags = false
	s.StringVar(&f.targets, "targets", "", "read the targets of all cases from this `FILE` in YAML or JSON")
	s.BoolVar(&f.update, "update", false, "write what the targets get to the want.yaml of each case")
	s.StringVar(&f.junit, "junit", "", "write a report in the XML of JUnit to this `FILE`")
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.MarkFlagFilename("junit", "xml")
	return cmd
}

func (f *flags) run(cmd *cobra.Command, dirs []string) error {
	var all []testCase
	for _, dir := range dirs {
		found, err := find(dir, f.targets)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	results := make([]result, len(all))
	failed := 0
	for i := range all {
		results[i] = f.check(cmd, &all[i])
		if results[i].diff != "" || results[i].err != nil {
			failed++
		}
		if err := results[i].print(cmd.OutOrStdout()); err != nil {
			return ui.Failed(err)
		}
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s, %d failed\n", ui.Count(len(all), "case"), failed); err != nil {
		return ui.Failed(err)
	}
	if f.junit != "" {
		if err := writeJUnit(f.junit, results); err != nil {
			return ui.Failed(err)
		}
	}
	if failed > 0 {
		return ui.Failed(ui.ErrReported)
	}
	return nil
}

// check runs a case, and compares or writes its result.
func (f *flags) check(cmd *cobra.Command, c *testCase) result {
	r := result{name: c.name}
	got, err := f.deliver(cmd.Context(), c)
	if err != nil {
		r.err = err
		return r
	}
	if f.update {
		r.updated, r.err = c.write(got)
		return r
	}
	r.diff, r.err = c.compare(got)
	return r
}

// result is the result of a case.
type result struct {
	name    string
	diff    string // from want.yaml to the records that came; "": none
	updated bool   // want.yaml was written
	err     error  // the case could not be run
}

func (r *result) print(w io.Writer) error {
	status, more := "ok  ", ""
	switch {
	case r.err != nil:
		status, more = "FAIL", "  "+ui.Indented(r.err)+"\n"
	case r.diff != "":
		status, more = "FAIL", indented(r.diff)
	case r.updated:
		more = "  want.yaml written\n"
	}
	_, err := fmt.Fprintf(w, "%s %s\n%s", status, plain.Line(r.name), more)
	return err
}
