//go:build integration

package integration

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
)

// createMachine makes a state machine and returns its ARN.
func (s services) createMachine(t *testing.T, name string, kind sfntypes.StateMachineType) string {
	t.Helper()
	out := must(sfn.NewFromConfig(s.cfg).CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: &name, Type: kind, RoleArn: aws.String("arn:aws:iam::" + account + ":role/machine"),
		Definition: aws.String(`{"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":3600,"End":true}}}`),
	}))(t)
	return *out.StateMachineArn
}

// executions returns the executions of a state machine: the input of each, by ARN.
func (s services) executions(t *testing.T, machine string) map[string]string {
	t.Helper()
	client := sfn.NewFromConfig(s.cfg)
	all := map[string]string{}
	for list := sfn.NewListExecutionsPaginator(client, &sfn.ListExecutionsInput{StateMachineArn: &machine}); list.HasMorePages(); {
		for _, e := range must(list.NextPage(t.Context()))(t).Executions {
			all[*e.ExecutionArn] = *must(client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: e.ExecutionArn}))(t).Input
		}
	}
	return all
}

// TestStateMachine starts executions behind a proxy that loses requests and answers. Each record starts
// one, and the same batch starts nothing again, whether the executions still run or have ended. A
// record of the same name with other data fails.
//
// moto keeps names of express state machines as of standard ones. AWS does not, so nothing is
// asserted of their repeats.
func TestStateMachine(t *testing.T) {
	s := connect(t)
	for _, kind := range []sfntypes.StateMachineType{sfntypes.StateMachineTypeStandard, sfntypes.StateMachineTypeExpress} {
		t.Run(string(kind), func(t *testing.T) {
			name := strings.ToLower(string(kind))
			machine := s.createMachine(t, name, kind)
			source := arnOf("kinesis", "stream/"+name)
			file := targetsFile(t, source, target{"type": "stepfunctions", "destination": machine, "collapse": "none"})
			proxy := startFlaky(t, strings.TrimPrefix(os.Getenv("AWS_ENDPOINT_URL"), "http://"))
			env := "AWS_ENDPOINT_URL_SFN=http://" + proxy.Addr()
			var puts []put
			var want []string
			for i := range 60 {
				data, input := fmt.Sprintf(`{"n": %d, "text": "ü \"<&>\""}`, i), ""
				if i%3 == 1 {
					data, input = fmt.Sprint("text ", i), fmt.Sprintf(`{"data":"text %d"}`, i)
				}
				if input == "" {
					input = data
				}
				puts, want = append(puts, put{fmt.Sprint("key ", i%7), data}), append(want, input)
			}
			event := must(os.ReadFile(kinesisEvent(t, source, puts...)))(t)
			deliverUntilDone(t, file, event, proxy, env)
			first := s.executions(t, machine)
			var inputs []string
			for _, input := range first {
				inputs = append(inputs, input)
			}
			if diff := cmp.Diff(sorted(want), sorted(inputs)); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			if kind == sfntypes.StateMachineTypeExpress {
				return
			}

			deliverUntilDone(t, file, event, proxy, env) // they run
			client, stopped := sfn.NewFromConfig(s.cfg), 0
			for arn := range first {
				must(client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}))(t)
				if stopped++; stopped == 40 {
					break
				}
			}
			deliverUntilDone(t, file, event, proxy, env) // 40 of them have ended
			if diff := cmp.Diff(first, s.executions(t, machine)); diff != "" {
				t.Errorf("the same records started executions (-first +then):\n%s", diff)
			}

			changed := slices.Clone(puts)
			changed[0].data = `{"n": "another"}`
			answer := startFunction(t, file)(must(os.ReadFile(kinesisEvent(t, source, changed...)))(t), patience)
			if !strings.Contains(answer, `"itemIdentifier":"100"`) {
				t.Errorf("with other data for the first record, the function answered %s", answer)
			}
			if got := s.executions(t, machine); len(got) != len(first) {
				t.Errorf("%d executions, want %d", len(got), len(first))
			}
		})
	}
}
