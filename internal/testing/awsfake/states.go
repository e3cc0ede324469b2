package awsfake

import (
	"encoding/json"
	"strings"
)

// Limits of Step Functions, from the documentation of StartExecution.
const (
	inputBytes       = 256 << 10
	executionNameMax = 80
)

// startExecution starts an execution, which ends at once. So a name that exists is refused,
// whatever its input.
func (s *Server) startExecution(body []byte) (op operation, bad *failure) {
	var in struct{ StateMachineArn, Name, Input, TraceHeader string }
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	_, machine, found := strings.Cut(in.StateMachineArn, ":stateMachine:")
	op.destination, op.records = machine, 1
	switch {
	case !found:
		return op, refusal("InvalidArn", "Invalid Arn: 'Resource type not valid in this context'")
	case len(in.Input) > inputBytes:
		return op, invalid("…", "input", "Member must have length less than or equal to 262144")
	case !json.Valid([]byte(in.Input)):
		return op, refusal("InvalidExecutionInput", "Invalid State Machine Execution Input: %s", in.Input)
	case in.Name == "" || len(in.Name) > executionNameMax || strings.ContainsFunc(in.Name, notOfName):
		return op, refusal("InvalidName", "Invalid Name: '%s'", in.Name)
	}
	op.run = func(refuse map[int]string) (any, *failure) {
		if code, ok := refuse[0]; ok {
			return nil, &failure{500, code, "Internal service failure."}
		}
		name, _, _ := strings.Cut(machine, ":")
		arn := strings.Replace(strings.TrimSuffix(in.StateMachineArn, strings.TrimPrefix(machine, name)), ":stateMachine:", ":execution:", 1) + ":" + in.Name
		if !s.start(arn, in.Input) {
			return nil, refusal("ExecutionAlreadyExists", "Execution Already Exists: '%s'", arn)
		}
		s.take("states/"+machine, []Record{{Data: []byte(in.Input), Name: in.Name, Trace: in.TraceHeader}})
		return map[string]any{"executionArn": arn, "startDate": 1.7e9}, nil
	}
	return op, nil
}

// notOfName reports whether a name cannot have r, so that its log has it too.
func notOfName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// start keeps an execution, and reports false if it exists.
func (s *Server) start(arn, input string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.executions[arn]; exists {
		return false
	}
	s.executions[arn] = input
	return true
}

func (s *Server) describeExecution(body []byte) (op operation, bad *failure) {
	var in struct{ ExecutionArn string }
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	op.destination = in.ExecutionArn
	op.run = func(map[int]string) (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		input, ok := s.executions[in.ExecutionArn]
		if !ok {
			return nil, refusal("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", in.ExecutionArn)
		}
		return map[string]any{"executionArn": in.ExecutionArn, "input": input, "status": "SUCCEEDED"}, nil
	}
	return op, nil
}
