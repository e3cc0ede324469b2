package main

import (
	"github.com/spf13/cobra"

	"fanout/lambda"
)

// common are the flags that every command takes.
type common struct {
	aws   lambda.AWS
	debug bool
}

func newRoot() *cobra.Command {
	var c common
	root := &cobra.Command{
		Use:   "fanout",
		Short: "Take the records of Kinesis, DynamoDB and SNS to many targets",
		Long: `fanout takes batches of records from Amazon Kinesis Data Streams, DynamoDB
Streams and SNS, passes them through stages, and delivers them to many targets at
once: nothing lost, order kept, targets isolated.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("fanout {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.StringVar(&c.aws.Region, "region", "", "AWS `REGION` of the calls (default: as the environment says, or the source's)")
	f.StringVar(&c.aws.Profile, "profile", "", "profile of the shared AWS configuration, by `NAME`")
	f.StringVar(&c.aws.EndpointURL, "endpoint-url", "", "send every AWS call to this `URL`")
	f.BoolVar(&c.aws.NoVerifyTLS, "no-verify-ssl", false, "do not verify certificates")
	f.BoolVar(&c.debug, "debug", false, "log what happens, to standard error")
	root.AddCommand(
		newDeploy(&c), newDestroy(&c), newRegister(&c), newList(&c), newUpdate(&c), newActivate(&c), newDeactivate(&c), newUnregister(&c),
		newExport(&c), newApply(&c),
		newHook(&c), newUnhook(&c), newPause(&c), newResume(&c),
		newPolicy(&c), newTemplate(&c), newDoctor(&c),
		newRun(&c), newRedrive(&c), newTune(&c),
	)
	checkHelpTopics(root)
	return root
}
