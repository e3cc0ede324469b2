package stack

import (
	"cmp"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// Settings say how to deploy a function. A setting that is left out stays as it is, or
// is the default if the function is new.
type Settings struct {
	Function string // name or ARN; by ARN it must exist

	Role   string  // name or ARN; default: <function>Role
	Table  string  // name or ARN; default: <function>Targets
	Ledger *string // name or ARN, "" for none; default: none

	// Failures is the queue, by name or ARN, for what targets without onFailure reject;
	// "" for none; default: none.
	Failures *string

	Alarms *string // ARN of the topic that alarms write to; "" for no alarms; default: none

	Memory       int32 // MiB; 0: left out; default: 128
	Timeout      int32 // seconds; 0: left out; default: 30
	Architecture types.Architecture
	Network      *Network          // default: none
	Environment  map[string]string // "" removes a variable
	Tracing      *bool             // whether Lambda and the function trace invocations with X-Ray; default: false
	Retention    *int              // retention of logs in days, 0: forever; default: DefaultRetention

	Rollback bool // to the code of the version before, instead of Package
	LeaveIAM bool // make no role and write no policy

	// Package returns the function for an architecture.
	Package func(architecture string) (code.Package, error)

	// Adopt is called before a function is replaced that is not fanout's. Its error
	// stops the replacement. Version and Back of its argument are still empty; Adopted
	// gets them, before the function is replaced.
	Adopt   func(*Replaced) error
	Adopted func(*Replaced)
}

// Network is the part of a VPC that a function runs in; no subnets: no VPC.
type Network struct{ Subnets, SecurityGroups []string }

const (
	defaultMemory  = 128 // MiB
	defaultTimeout = 30  // seconds
	handler        = "bootstrap"
)

// plan is the desired state of a function.
type plan struct {
	name         string
	role, table  string // names or ARNs
	ledger       string // the same; "": none
	failures     string // the same, of a queue
	hadQueue     bool   // the function has the tag for it
	alarms       string // ARN of their topic; "": none
	hadAlarms    bool   // there may be alarms of an earlier run
	memory       int32
	timeout      int32
	architecture types.Architecture
	network      Network
	environment  map[string]string
	tracing      types.TracingMode
	logGroup     string
	noTable      bool   // the target table does not exist, because this is a dry run
	key          string // ARN of the key that encrypts the variables; "": AWS's
}

// plan fills in the settings that are left out. has is the existing function, nil if it
// is new, and failures its queue.
func (s *Settings) plan(has *function, failures string) plan {
	name := cloud.Name(s.Function)
	p := plan{
		name: name, role: name + "Role", table: name + "Targets", logGroup: "/aws/lambda/" + name,
		memory: defaultMemory, timeout: defaultTimeout, architecture: types.ArchitectureArm64,
		environment: make(map[string]string), failures: failures, tracing: types.TracingModePassThrough,
	}
	if has != nil {
		p.keep(&has.FunctionConfiguration)
		_, p.hadQueue = has.tags[queueTag]
	}
	p.role = cmp.Or(s.Role, p.role)
	p.table = cmp.Or(s.Table, p.table)
	if s.Ledger != nil {
		p.ledger = *s.Ledger
	}
	if s.Failures != nil {
		p.failures = *s.Failures
	}
	p.memory = cmp.Or(s.Memory, p.memory)
	p.timeout = cmp.Or(s.Timeout, p.timeout)
	p.architecture = cmp.Or(s.Architecture, p.architecture)
	if s.Network != nil {
		p.network = *s.Network
	}
	maps.Copy(p.environment, s.Environment)
	s.trace(&p)
	p.environment["FANOUT_TABLE"], p.environment["FANOUT_LEDGER_TABLE"] = p.table, p.ledger
	p.environment[onFailure] = "" // until its queue is there
	maps.DeleteFunc(p.environment, func(_, value string) bool { return value == "" })
	return p
}

// tracing is the variable that makes the function trace.
const tracing = "FANOUT_TRACING"

// trace sets the tracing of Lambda and of the function. The function can trace only what
// Lambda does. Lambda's own tracing is left on without the function's.
func (s *Settings) trace(p *plan) {
	if s.Tracing != nil {
		p.environment[tracing], p.tracing = "", types.TracingModePassThrough
		if *s.Tracing {
			p.environment[tracing] = "xray"
		}
	}
	if p.environment[tracing] == "xray" {
		p.tracing = types.TracingModeActive
	}
}

// keep copies the settings of the existing function.
func (p *plan) keep(has *types.FunctionConfiguration) {
	p.role = cloud.Name(aws.ToString(has.Role))
	p.memory, p.timeout = aws.ToInt32(has.MemorySize), aws.ToInt32(has.Timeout)
	p.architecture = architecture(has)
	p.network, p.key = network(has), aws.ToString(has.KMSKeyArn)
	p.environment = environment(has)
	p.table, p.ledger = cmp.Or(p.environment["FANOUT_TABLE"], p.table), p.environment["FANOUT_LEDGER_TABLE"]
	p.tracing = traceMode(has)
	if has.LoggingConfig != nil {
		p.logGroup = cmp.Or(aws.ToString(has.LoggingConfig.LogGroup), p.logGroup)
	}
}

// environment returns the variables of a function, never nil.
func environment(f *types.FunctionConfiguration) map[string]string {
	all := make(map[string]string)
	if f.Environment != nil {
		maps.Copy(all, f.Environment.Variables)
	}
	return all
}

func traceMode(f *types.FunctionConfiguration) types.TracingMode {
	if f.TracingConfig == nil || f.TracingConfig.Mode == "" {
		return types.TracingModePassThrough // Lambda's default
	}
	return f.TracingConfig.Mode
}

func architecture(f *types.FunctionConfiguration) types.Architecture {
	if len(f.Architectures) == 0 {
		return types.ArchitectureX8664 // Lambda's default
	}
	return f.Architectures[0]
}

func network(f *types.FunctionConfiguration) Network {
	if f.VpcConfig == nil {
		return Network{}
	}
	return Network{f.VpcConfig.SubnetIds, f.VpcConfig.SecurityGroupIds}
}
