package redrive

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/manage"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
)

// deliveryFlags are the flags that both commands have.
type deliveryFlags struct {
	run.DeliveryFlags
	function  string // its table has the targets; "": no function
	perSecond int
}

// addTargets adds the flags for the source of targets.
func (f *deliveryFlags) addTargets(s *pflag.FlagSet) {
	f.AddTargets(s)
	s.StringVar(&f.function, "function", "", "read the targets from the table of the function with this `NAME`")
}

// addPace adds the flag for the pace.
func (f *deliveryFlags) addPace(s *pflag.FlagSet) {
	s.IntVar(&f.perSecond, "max-per-second", 0, "deliver at most `N` records a second, so that a target that recovers is not flooded (default: no limit)")
}

// checkTargets checks that the command line names one source of targets, and the pace.
func (f *deliveryFlags) checkTargets() error {
	switch {
	case f.perSecond < 0:
		return fmt.Errorf("--max-per-second is %d; it must be at least 1", f.perSecond)
	case f.function != "" && (f.Targets != "" || f.Table != ""):
		return errors.New("--function, --targets and --table cannot be combined; use only one")
	case strings.HasPrefix(f.function, "arn:"):
		return fmt.Errorf("--function takes a name, but %q is an ARN; use the name, %s", f.function, cloud.Name(f.function))
	case f.function != "" && !manage.FunctionNames.MatchString(f.function):
		return fmt.Errorf("--function is %q; the name must have 1 to 64 letters, digits, - and _", f.function)
	case f.function == "" && f.Targets == "" && f.Table == "":
		return errors.New("the targets are missing; add --targets FILE, --table NAME or --function NAME")
	case f.function == "":
		return f.CheckTargets()
	}
	return nil
}

// findTable sets the table to that of the function on the command line, if there is one.
func (f *deliveryFlags) findTable(cmd *cobra.Command, cfg aws.Config) (err error) {
	if f.function == "" {
		return nil
	}
	m := manage.Command{Factory: f.Factory, Function: f.function, Errs: cmd.ErrOrStderr(), Environment: cfg.Region}
	a := cloud.Of(cfg)
	if f.Table, err = m.TableRef(cmd.Context(), a); err == nil && m.NoFunction {
		err = m.MissingFunction(cmd.Context(), a, &cloud.NoFunction{Name: f.function})
	}
	return ui.Failed(err)
}
