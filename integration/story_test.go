//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// command runs bin/fanout, which must succeed, and returns its standard output.
func command(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, err := runCommand(t, args...)
	if err != nil {
		t.Fatalf("fanout %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return out
}

// runCommand runs bin/fanout and returns its standard output and error, and its exit
// status.
func runCommand(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join("..", "bin", "fanout"), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestStory is the life of a fanout function: it is deployed, gets nine targets and a
// source, is operated, and is destroyed. Afterwards nothing of it is left.
func TestStory(t *testing.T) {
	n := newNine(t, "story")
	source := n.createStream(t, "story-source", 2)
	function, from := []string{"--function", "teller"}, []string{"--function", "teller", "--source-type", "kinesis", "--source", "story-source"}
	do := func(name string, about []string, more ...string) string {
		t.Helper()
		return command(t, append(append([]string{name}, about...), more...)...)
	}

	do("deploy", function, "--memory", "256", "--ledger-table", "tellerLedger")
	for _, attributes := range n.targets(nil) {
		typ, destination := attributes["type"].(string), attributes["destination"].(string)
		flags := []string{"--id", typ, "--destination", destination, "--active", "true"}
		for attribute, flag := range map[string]string{"parallel": "--parallel", "appendNewlines": "--append-newlines"} {
			if value, ok := attributes[attribute].(bool); ok {
				flags = append(flags, flag, map[bool]string{true: "true", false: "false"}[value])
			}
		}
		if collapse, ok := attributes["collapse"].(string); ok {
			flags = append(flags, "--collapse", collapse)
		}
		command(t, append(append([]string{"register", typ}, from...), flags...)...)
	}
	do("hook", from, "--batch-size", "500")

	puts, want := orders(t, 0, 40)
	in := &kinesis.PutRecordsInput{StreamARN: &source}
	for _, p := range puts {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: &p.key, Data: []byte(p.data)})
	}
	must(n.kinesis.PutRecords(t.Context(), in))(t)
	for _, id := range []string{"kinesis", "firehose", "sqs", "sns", "es", "iot", "redis", "memcached", "lambda"} {
		do("update", from, "--id", id, "--deaggregate", "true")
	}
	fanout(t, "run", "--table", "tellerTargets", "--source-arn", source, "--once")
	n.check(t, want, false)

	do("pause", from)
	do("update", from, "--id", "sqs", "--batch-records", "5")
	do("deactivate", from, "--id", "lambda")
	do("activate", from, "--id", "lambda")
	do("resume", from)
	// The only finding is that caches on loopback count as inside a VPC.
	checked, _, err := runCommand(t, "doctor", "--function", "teller", "--output", "json")
	var report struct {
		Findings []struct{ Check, Status string }
	}
	if json.Unmarshal([]byte(checked), &report) != nil || len(report.Findings) < 15 || err == nil {
		t.Errorf("doctor: %v\n%s", err, checked)
	}
	for _, f := range report.Findings {
		if f.Status == "error" && f.Check != "network" {
			t.Errorf("doctor finds %+v", f)
		}
	}

	file := filepath.Join(t.TempDir(), "targets.yaml")
	before := do("export", from)
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	do("unregister", from, "--id", "sqs")
	do("update", from, "--id", "kinesis", "--parallel", "true")
	do("apply", function, file, "--yes")
	if after := do("export", from); after != before {
		t.Errorf("after apply the targets are\n%s\nwant\n%s", after, before)
	}
	for _, id := range []string{"kinesis", "firehose", "sqs", "sns", "es", "iot", "redis", "memcached", "lambda"} {
		do("unregister", from, "--id", id)
	}
	do("unhook", from)
	do("destroy", function, "--yes")
	nothingLeft(t, n)
}

// nothingLeft fails the test if a resource of the function still exists.
func nothingLeft(t *testing.T, n nine) {
	t.Helper()
	functions := must(n.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{}))(t)
	for _, f := range functions.Functions {
		if *f.FunctionName == "teller" {
			t.Errorf("the function %s is left", *f.FunctionName)
		}
	}
	mappings := must(n.lambda.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{}))(t)
	for _, m := range mappings.EventSourceMappings {
		if strings.HasSuffix(*m.FunctionArn, ":teller") {
			t.Errorf("a mapping of %s is left", *m.EventSourceArn)
		}
	}
	tables := must(n.dynamodb.ListTables(t.Context(), &dynamodb.ListTablesInput{}))(t)
	for _, name := range tables.TableNames {
		if strings.HasPrefix(name, "teller") {
			t.Errorf("the table %s is left", name)
		}
	}
	roles := must(iam.NewFromConfig(n.cfg).ListRoles(t.Context(), &iam.ListRolesInput{}))(t)
	for _, r := range roles.Roles {
		if *r.RoleName == "tellerRole" {
			t.Error("the role is left")
		}
	}
	groups := must(cloudwatchlogs.NewFromConfig(n.cfg).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{}))(t)
	for _, g := range groups.LogGroups {
		if strings.HasSuffix(*g.LogGroupName, "/teller") {
			t.Errorf("the log group %s is left", *g.LogGroupName)
		}
	}
}
