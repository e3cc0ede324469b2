package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/clitest"
)

// TestScripts runs testdata/*.txtar. Each script has a fake AWS of its own, and
// these commands beside those of testscript:
//
//	status N command…     run command; its exit status must be N
//	event FILE N SIZE     write a Kinesis event of N records with SIZE bytes of data
//	table NAME FILE       make a table of targets with the items in FILE, in JSON
//	refuse CODE           from now on the service answers every call with this error
//	took DESTINATION N    the destination must have taken N records
//	waiting QUEUE N       the queue must hold N messages
//	bodies DESTINATION    print the data of all that the destination took, quoted
//	message QUEUE FILE    put a message with the text of FILE into the queue
//	timeless FILE         print FILE without the times in it
//	put N                 put N records into each of the two shards of the stream
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:              setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":   status0(cmdStatus),
			"event":    status0(cmdEvent),
			"table":    status0(cmdTable),
			"refuse":   status0(cmdRefuse),
			"took":     status0(cmdTook),
			"waiting":  status0(cmdWaiting),
			"bodies":   status0(cmdBodies),
			"message":  status0(cmdMessage),
			"timeless": status0(cmdTimeless),
			"put":      status0(cmdPut),
		},
	})
}

// key is the context key of a script's fake services.
type key string

func setup(env *testscript.Env) error {
	aws, err := awsfake.Start()
	if err != nil {
		return err
	}
	env.Defer(aws.Close)
	stream := newFakeStream("shardId-000000000000", "shardId-000000000001")
	env.Defer(stream.Close)
	env.Values[key("aws")], env.Values[key("stream")] = aws, stream

	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		return err
	}
	for name, value := range clitest.ClientEnv(aws.URL(), stream.URL()) {
		env.Setenv(name, value)
	}
	env.Setenv("EXAMPLES", examples)
	env.Setenv("ORDERS", clitest.Orders)
	return nil
}

// status0 refuses "!", which would test nothing with these commands.
func status0(cmd func(ts *testscript.TestScript, args []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("! has no meaning here")
		}
		cmd(ts, args)
	}
}

func fakeAWS(ts *testscript.TestScript) *awsfake.Server {
	return ts.Value(key("aws")).(*awsfake.Server)
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func cmdStatus(ts *testscript.TestScript, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	status := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := number(ts, args[0]); status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func cmdEvent(ts *testscript.TestScript, args []string) {
	event := clitest.KinesisEvent(number(ts, args[1]), number(ts, args[2]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), event, 0o600))
}

func cmdTable(ts *testscript.TestScript, args []string) {
	var items []awsfake.Item
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &items))
	fakeAWS(ts).SetTable(args[0], "sourceArn", "id", items...)
}

func cmdRefuse(ts *testscript.TestScript, args []string) {
	fakeAWS(ts).OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: args[0], Message: "refused"}
	})
}

func cmdTook(ts *testscript.TestScript, args []string) {
	if got, want := len(fakeAWS(ts).Records(args[0])), number(ts, args[1]); got != want {
		ts.Fatalf("%s took %d records, want %d", args[0], got, want)
	}
}

func cmdWaiting(ts *testscript.TestScript, args []string) {
	if got, want := len(fakeAWS(ts).Waiting("sqs/"+args[0])), number(ts, args[1]); got != want {
		ts.Fatalf("%s holds %d messages, want %d", args[0], got, want)
	}
}

func cmdBodies(ts *testscript.TestScript, args []string) {
	for _, r := range fakeAWS(ts).Records(args[0]) {
		fmt.Fprintf(ts.Stdout(), "%q\n", r.Data)
	}
}

func cmdMessage(ts *testscript.TestScript, args []string) {
	fakeAWS(ts).Put("sqs/"+args[0], awsfake.Record{Data: bytes.TrimSpace([]byte(ts.ReadFile(args[1])))})
}

// cmdTimeless cuts the last column off a table, and the milliseconds of a report.
func cmdTimeless(ts *testscript.TestScript, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line = strings.TrimSuffix(line, "\n")
		if cells := strings.TrimRight(line, "┐│┤┘"); cells != line {
			line = cells[:strings.LastIndexAny(cells, "┬│┼┴")]
		}
		if name, _, ok := strings.Cut(line, `"milliseconds": `); ok {
			line = name + `"milliseconds": 0` + strings.Repeat(",", strings.Count(line, ","))
		}
		fmt.Fprintln(ts.Stdout(), line)
	}
}

func cmdPut(ts *testscript.TestScript, args []string) {
	stream := ts.Value(key("stream")).(*fakeStream)
	for _, shard := range slices.Sorted(maps.Keys(stream.shards)) {
		stream.put(shard, number(ts, args[0]))
	}
}
