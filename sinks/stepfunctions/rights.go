package stepfunctions

import (
	"strings"

	"fanout/sinks"
)

// rights has the right to start executions of the machine, alias or version, and the right to
// compare the input of one that exists.
func rights(_ sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	d := &s.Destination
	return []sinks.Right{
		{Sid: "StartExecutions", Actions: []string{"states:StartExecution"}, Resource: d.String()},
		{Sid: "CompareExecutions", Actions: []string{"states:DescribeExecution"}, Resource: strings.Replace(d.ARN, ":stateMachine:", ":execution:", 1) + ":*"},
	}, nil
}
