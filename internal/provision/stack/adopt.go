package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/lint"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
	"fanout/lambda/target"
)

// Replaced is the code of another program in the function that deploy replaces with
// fanout.
type Replaced struct {
	Function string `json:"function"`
	Runtime  string `json:"runtime"`
	Handler  string `json:"handler"`
	Modified string `json:"lastModified"`
	SHA256   string `json:"codeSha256"`
	Bytes    int64  `json:"codeBytes"`

	// Targets is the number of targets already in the table. Faulty lists the faults of
	// targets whose records fail or never arrive. Warnings is the number of other
	// findings of fanout lint. Unseen is the reason if all that is unknown.
	Table     string   `json:"targetTable,omitempty"`
	Targets   int      `json:"targets"`
	Faulty    []string `json:"faultyTargets,omitempty"`
	Warnings  int      `json:"warnings,omitempty"`
	Unchecked string   `json:"unseen,omitempty"`

	Version string   `json:"version,omitempty"` // version with the old code and settings
	Restore []string `json:"back,omitempty"`    // shell commands that restore them
}

// adopt asks before it replaces a function that is not fanout's. It then publishes a
// version of the function as it is, before any other write. It returns nil for a
// function of fanout.
func (s *Stack) adopt(ctx context.Context, has *function, p *plan, set *Settings) (*Replaced, Resource, error) {
	if has == nil || has.fanout() {
		return nil, Resource{}, nil
	}
	r := &Replaced{
		Function: p.name, Runtime: string(has.Runtime), Handler: aws.ToString(has.Handler), Modified: aws.ToString(has.LastModified),
		SHA256: aws.ToString(has.CodeSha256), Bytes: has.CodeSize,
	}
	s.foundTargets(ctx, r, p)
	if err := set.Adopt(r); err != nil {
		return nil, Resource{}, err
	}
	if s.DryRun {
		return r, Resource{Kind: "version", Name: p.name, Outcome: cloud.Created, Note: "the function as it was"}, nil
	}
	// CodeSha256 makes Lambda refuse if the code has changed since has was read. If nothing
	// has changed since the last version, Lambda returns that one.
	out, err := s.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{
		FunctionName: &p.name, CodeSha256: has.CodeSha256, Description: aws.String("The function before fanout deploy replaced it"),
	})
	if err != nil {
		return nil, Resource{}, fmt.Errorf("the current function %q cannot be published as a version, so nothing was changed: %w", p.name, err)
	}
	r.Version = aws.ToString(out.Version)
	r.Restore = restoreCommands(&has.FunctionConfiguration, r.Version, s.Region)
	return r, Resource{Kind: "version", Name: p.name + ":" + r.Version, ARN: aws.ToString(out.FunctionArn), Outcome: cloud.Created, Note: "the function as it was"}, nil
}

// foundTargets checks the targets that the function will find, as fanout lint does. The
// predecessor ignored attributes that it did not understand; here, records of a faulty
// target fail.
func (s *Stack) foundTargets(ctx context.Context, r *Replaced, p *plan) {
	o, err := fanout.OptionsFrom(func(name string) string { return p.environment[name] })
	if err == nil && o.TargetsFile != "" {
		err = fmt.Errorf("the function will read them from the file %s in its package, which fanout cannot read", o.TargetsFile)
	}
	if err != nil {
		r.Unchecked = err.Error()
		return
	}
	entries, err := (&registry.Table{Client: s.Tables, Catalog: s.Catalog, Name: p.table}).List(ctx, "")
	if awserr.IsMissing(err) {
		return
	}
	if err != nil {
		r.Unchecked = awserr.Plain(err)
		return
	}
	r.Table, r.Targets = p.table, len(entries)
	all, sources := make([]target.Loaded, len(entries)), make([]string, len(entries))
	for i := range entries {
		all[i], sources[i] = entries[i].Loaded, entries[i].Spec.SourceARN
		all[i].Confine(o.FileDir())
	}
	for _, f := range lint.Targets(all, p.name, lint.StreamsOf(ctx, s.Tables, sources)) {
		if f.Fault {
			r.Faulty = append(r.Faulty, fmt.Sprintf("target %q: %s (source %s)", f.Target, f.Text, f.Source))
		} else {
			r.Warnings++
		}
	}
}

// restoreCommands returns the commands that restore a function to its version. They read the
// variables from the version, because variables may be secret.
func restoreCommands(was *types.FunctionConfiguration, version, region string) []string {
	name := aws.ToString(was.FunctionName)
	call := func(operation string, args ...string) string {
		return strings.Join(append([]string{"aws lambda", operation, "--region", region}, args...), " ")
	}
	old := name + ":" + version
	variables := `'{"Variables":{}}'`
	if len(environment(was)) > 0 {
		variables = fmt.Sprintf(`"$(%s)"`, call("get-function-configuration", "--function-name", old, "--query", "'{Variables:Environment.Variables}'", "--output", "json"))
	}
	n := network(was)
	vpc, _ := json.Marshal(map[string][]string{"SubnetIds": append([]string{}, n.Subnets...), "SecurityGroupIds": append([]string{}, n.SecurityGroups...)}) // strings always do
	file := fmt.Sprintf("%s-%s.zip", name, version)
	return []string{
		call("update-function-configuration", "--function-name", name, "--runtime", string(was.Runtime), "--handler", aws.ToString(was.Handler),
			"--role", aws.ToString(was.Role), "--memory-size", fmt.Sprint(aws.ToInt32(was.MemorySize)), "--timeout", fmt.Sprint(aws.ToInt32(was.Timeout)),
			"--vpc-config", "'"+string(vpc)+"'", "--environment", variables),
		call("wait function-updated", "--function-name", name),
		fmt.Sprintf(`curl -o %s "$(%s)"`, file, call("get-function", "--function-name", old, "--query", "Code.Location", "--output", "text")),
		call("update-function-code", "--function-name", name, "--architectures", string(architecture(was)), "--zip-file", "fileb://"+file),
		call("untag-resource", "--resource", aws.ToString(was.FunctionArn), "--tag-keys", role.Tag),
	}
}
