package stack

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// Every setting is compared, lists in any order, and no secret is shown.
func TestChanges(t *testing.T) {
	f := &types.FunctionConfiguration{
		Runtime: types.RuntimeNodejs22x, Handler: aws.String("index.handler"), Role: aws.String("arn:old"), MemorySize: aws.Int32(128), Timeout: aws.Int32(30),
		VpcConfig:   &types.VpcConfigResponse{SubnetIds: []string{"b", "a"}, SecurityGroupIds: []string{"g"}},
		Environment: &types.EnvironmentResponse{Variables: map[string]string{"FANOUT_METRICS": "none", "FANOUT_LEDGER_KEY": "old secret", "TOKEN": "secret", "GONE": "secret"}},
		CodeSha256:  aws.String("old"),
	}
	p := plan{
		role: "arn:new", memory: 256, timeout: 90, architecture: types.ArchitectureArm64, network: Network{[]string{"a", "b"}, []string{"h"}}, tracing: types.TracingModeActive,
		environment: map[string]string{"FANOUT_METRICS": "emf", "FANOUT_LEDGER_KEY": "new secret", "TOKEN": "another secret", "NEW": "secret"},
	}
	archive := code.Package("new")
	want := []cloud.Change{
		cloud.Changed("runtime", "nodejs22.x", "provided.al2023"), cloud.Changed("handler", "index.handler", "bootstrap"),
		cloud.Changed("exec-role", "arn:old", "arn:new"), cloud.Changed("memory", "128 MB", "256 MB"), cloud.Changed("timeout", "30s", "1m30s"),
		cloud.Changed("tracing", "PassThrough", "Active"), cloud.Changed("security-group", "g", "h"),
		cloud.Changed("variable FANOUT_LEDGER_KEY", "(a value)", "(a new value)"), cloud.Changed("variable FANOUT_METRICS", "none", "emf"),
		cloud.Changed("variable GONE", "(a value)", "(unset)"), cloud.Changed("variable NEW", "(unset)", "(a new value)"),
		cloud.Changed("variable TOKEN", "(a value)", "(a new value)"),
	}
	if diff := cmp.Diff(want, p.settingChanges(f)); diff != "" {
		t.Error(diff)
	}
	want = []cloud.Change{cloud.Changed("architecture", "x86_64", "arm64"), cloud.Changed("code", "SHA-256 old", "SHA-256 "+archive.SHA256())}
	if diff := cmp.Diff(want, p.codeChanges(f, archive)); diff != "" {
		t.Error(diff)
	}
}
