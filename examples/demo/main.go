// Command demo runs bin/fanout over the sample events, with a fake AWS on a loopback
// port, and shows where every record went.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"fanout/internal/testing/awsfake"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run() error {
	aws, err := awsfake.Start()
	if err != nil {
		return err
	}
	defer aws.Close()

	fmt.Println("Two events, Kinesis (plain and KPL-aggregated records) and DynamoDB, through the targets of examples/targets/demo.yaml:")
	fmt.Println()
	cmd := exec.Command("bin/fanout", "run",
		"--targets", "examples/targets/demo.yaml",
		"--event", "examples/events/kinesis.json",
		"--event", "examples/events/dynamodb.json")
	cmd.Env = append(without(os.Environ(), "AWS_", "FANOUT_"), // none of the user's own AWS settings
		"AWS_ENDPOINT_URL="+aws.URL(), "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_ACCESS_KEY_ID=demo", "AWS_SECRET_ACCESS_KEY=demo")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("bin/fanout run: %w", err)
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

// without returns env without the variables whose names begin with a prefix.
func without(env []string, prefixes ...string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(v, p) })
	})
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
