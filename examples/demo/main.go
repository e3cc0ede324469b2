// Command demo runs `fanout run` over the sample events, with a fake AWS on a loopback
// port, and shows where every record went.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

func main() {
	if err := demo(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo() error {
	for _, v := range os.Environ() { // none of the user's own settings
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "FANOUT_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	aws, err := awsfake.Start()
	if err != nil {
		return err
	}
	defer aws.Close()

	fmt.Println("Two events, Kinesis (plain and KPL-aggregated records) and DynamoDB, through the targets of examples/targets/demo.yaml:")
	fmt.Println()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": aws.URL(), "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	cmd := run.NewRun(&factory.Factory{Catalog: lambda.Builtin()})
	cmd.SetArgs([]string{
		"--targets", "examples/targets/demo.yaml",
		"--event", "examples/events/kinesis.json",
		"--event", "examples/events/dynamodb.json",
	})
	cmd.SetOut(ui.NewScreen(os.Stdout))
	cmd.SetErr(ui.NewScreen(os.Stdout))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.Execute(); err != nil {
		return fmt.Errorf("fanout run: %w", err)
	}
	if len(aws.Destinations()) == 0 {
		return errors.New("nothing arrived")
	}

	fmt.Println("\nWhat arrived, as the services saw it:")
	fmt.Println()
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"destination", "#", "key", "data"})
	for _, name := range aws.Destinations() {
		for i, r := range aws.Records(name) {
			t.AppendRow(table.Row{name, i + 1, key(r), shorten(r.Data)})
			name = ""
		}
		t.AppendSeparator()
	}
	fmt.Println(t.Render())
	return nil
}

// key returns the key under which the service stores the record or message.
func key(r awsfake.Record) string {
	switch {
	case r.PartitionKey != "":
		return r.PartitionKey
	case r.GroupID != "":
		return r.GroupID
	}
	return r.Attributes["key"].Value
}

// shorten shortens data to fit a line.
func shorten(data []byte) string {
	const width = 66
	if !utf8.Valid(data) {
		return fmt.Sprintf("%d bytes: % x…", len(data), data[:min(len(data), 12)])
	}
	s := strings.ReplaceAll(string(data), "\n", "⏎")
	if r := []rune(s); len(r) > width {
		return fmt.Sprintf("%s… (%d bytes)", string(r[:width-14]), len(data))
	}
	return s
}
