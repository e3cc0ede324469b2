package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/cli/cases"
	"fanout/internal/cli/event"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/function"
	"fanout/internal/cli/redrive"
	"fanout/internal/cli/run"
	"fanout/internal/cli/sources"
	"fanout/internal/cli/targets"
	"fanout/internal/cli/tune"
	"fanout/internal/cli/ui"
	"fanout/internal/cli/watch"
	"fanout/lambda/target"
)

func newRoot(catalog *target.Catalog) *cobra.Command {
	c := factory.Factory{Catalog: catalog}
	root := &cobra.Command{
		Use:   "fanout <command>",
		Short: "Send records of streams, topics and queues to many targets",
		Long: `fanout takes batches of records from Kinesis and DynamoDB streams, SNS topics, SQS queues
and Kafka topics, passes them through stages, and delivers them to many targets at once.
It loses no records, keeps the order of a key if you ask for it, and isolates targets.

The repository has guides: start with docs/quickstart.md; docs/README.md lists the others.`,
		Example: `  fanout register sqs --source-type kinesis --source orders --id queue --destination orders --active true
  fanout hook --source-type kinesis --source orders
  fanout list`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
	}
	var printVersion bool
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if printVersion {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "fanout", version())
			return ui.Failed(err)
		}
		return cmd.Help()
	}
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.StringVar(&c.AWS.Region, "region", "", "make AWS calls in this `REGION` (default: from the environment, or the source's region)")
	f.StringVar(&c.AWS.Profile, "profile", "", "use the profile `NAME` of the shared AWS configuration")
	f.StringVar(&c.AWS.EndpointURL, "endpoint-url", "", "send every AWS call to this `URL`")
	f.BoolVar(&c.AWS.NoVerifyTLS, "no-verify-ssl", false, "do not verify TLS certificates")
	f.BoolVar(&c.Debug, "debug", false, "write debug logs to standard error")
	// Cobra's own flag makes text/template keep every exported method in the binary.
	root.Flags().BoolVarP(&printVersion, "version", "v", false, "print the version")
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Function", []*cobra.Command{function.NewDeploy(&c), function.NewDestroy(&c), function.NewPolicy(&c), function.NewTemplate(&c), function.NewPackage(), function.NewDoctor(&c)}},
		{"Targets", []*cobra.Command{
			targets.NewRegister(&c), targets.NewList(&c), targets.NewUpdate(&c), targets.NewActivate(&c), targets.NewDeactivate(&c), targets.NewUnregister(&c),
			targets.NewExport(&c), targets.NewApply(&c), targets.NewLint(&c), targets.NewSchema(&c),
		}},
		{"Sources", []*cobra.Command{sources.NewHook(&c), sources.NewUnhook(&c), sources.NewPause(&c), sources.NewResume(&c)}},
		{"Watch", []*cobra.Command{watch.NewStatus(&c), watch.NewUI(&c)}},
		{"Run and tune", []*cobra.Command{run.NewRun(&c), event.New(), cases.New(&c), redrive.NewRedrive(&c), redrive.NewReplay(&c), tune.NewTune(&c)}},
		{"Other", []*cobra.Command{newBuild(), newCompletion(), newVersion(), newMan()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("Other")
	setHelpCommand(root)
	setHelp(root)
	setCompletion(root)
	return root
}
