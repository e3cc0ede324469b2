package stack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// settingChanges lists the function's settings that differ from the plan.
func (p *plan) settingChanges(f *types.FunctionConfiguration) []cloud.Change {
	var all []cloud.Change
	add := func(name, before, after string) {
		if before != after {
			all = append(all, cloud.Changed(name, cmp.Or(before, cloud.Unset), cmp.Or(after, cloud.Unset)))
		}
	}
	add("runtime", string(f.Runtime), string(types.RuntimeProvidedal2023))
	add("handler", aws.ToString(f.Handler), handler)
	add("exec-role", aws.ToString(f.Role), cmp.Or(p.role, "a new role")) // a dry run does not know its ARN
	add("memory", fmt.Sprintf("%d MB", aws.ToInt32(f.MemorySize)), fmt.Sprintf("%d MB", p.memory))
	add("timeout", inSeconds(aws.ToInt32(f.Timeout)), inSeconds(p.timeout))
	add("tracing", string(traceMode(f)), string(p.tracing))
	n := network(f)
	add("subnet", list(n.Subnets), list(p.network.Subnets))
	add("security-group", list(n.SecurityGroups), list(p.network.SecurityGroups))
	return append(all, variableChanges(environment(f), p.environment)...)
}

// codeChanges lists what differs between the function's code and the package.
func (p *plan) codeChanges(f *types.FunctionConfiguration, archive code.Package) []cloud.Change {
	var all []cloud.Change
	if has := architecture(f); has != p.architecture {
		all = append(all, cloud.Changed("architecture", string(has), string(p.architecture)))
	}
	if has := aws.ToString(f.CodeSha256); has != archive.SHA256() {
		all = append(all, cloud.Changed("code", "SHA-256 "+has, "SHA-256 "+archive.SHA256()))
	}
	return all
}

// variableChanges lists the variables that differ, without values that are or may be
// secret.
func variableChanges(before, after map[string]string) []cloud.Change {
	both := maps.Clone(before)
	maps.Copy(both, after)
	var all []cloud.Change
	for _, name := range slices.Sorted(maps.Keys(both)) {
		was, is := before[name], after[name]
		if was == is {
			continue
		}
		if !strings.HasPrefix(name, "FANOUT_") || name == "FANOUT_LEDGER_KEY" {
			was, is = veiled(was, "(a value)"), veiled(is, "(a new value)")
		}
		all = append(all, cloud.Changed("variable "+name, cmp.Or(was, cloud.Unset), cmp.Or(is, cloud.Unset)))
	}
	return all
}

// veiled stands for a value, unless it is empty.
func veiled(value, instead string) string {
	if value == "" {
		return ""
	}
	return instead
}

func inSeconds(n int32) string { return (time.Duration(n) * time.Second).String() }

// list joins ids, regardless of their order.
func list(ids []string) string { return strings.Join(slices.Sorted(slices.Values(ids)), ",") }
