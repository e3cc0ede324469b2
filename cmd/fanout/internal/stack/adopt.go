package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/registry"
	"fanout/cmd/fanout/internal/role"
)

// Replaced is the code that a deploy puts fanout in the place of, in a function that is
// not fanout's.
type Replaced struct {
	Function string `json:"function"`
	Runtime  string `json:"runtime"`
	Handler  string `json:"handler"`
	Modified string `json:"lastModified"`
	SHA256   string `json:"codeSha256"`
	Bytes    int64  `json:"codeBytes"`

	// Targets is how many the target table has already, and Faulty what is wrong with
	// some of them: their records fail. Unseen is why that is not known.
	Targets int      `json:"targets"`
	Faulty  []string `json:"faultyTargets,omitempty"`
	Unseen  string   `json:"unseen,omitempty"`

	Version string   `json:"version,omitempty"` // that keeps the code and the settings
	Back    []string `json:"back,omitempty"`    // commands of a shell that bring them back
}

// adopt asks whether a function that is not fanout's is to be replaced, and then makes
// a version of it as it is, before anything else is written. It returns nil for a
// function of fanout.
func (s *Stack) adopt(ctx context.Context, has *function, p *plan, set *Settings) (*Replaced, Thing, error) {
	if has == nil || has.fanout() {
		return nil, Thing{}, nil
	}
	r := &Replaced{
		Function: p.name, Runtime: string(has.Runtime), Handler: aws.ToString(has.Handler), Modified: aws.ToString(has.LastModified),
		SHA256: aws.ToString(has.CodeSha256), Bytes: has.CodeSize,
	}
	s.foundTargets(ctx, r, p.table)
	if err := set.Adopt(r); err != nil {
		return nil, Thing{}, err
	}
	// Lambda refuses if it has other code by now than what was asked about. Where nothing
	// has changed since the last version, it gives that one.
	out, err := s.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{
		FunctionName: &p.name, CodeSha256: has.CodeSha256, Description: aws.String("As it was before fanout deploy replaced it"),
	})
	if err != nil {
		return nil, Thing{}, fmt.Errorf("the function %q, as it is, cannot be kept as a version, so nothing was changed: %w", p.name, err)
	}
	r.Version = aws.ToString(out.Version)
	r.Back = wayBack(&has.FunctionConfiguration, r.Version, s.Region)
	return r, Thing{Kind: "version", Name: p.name + ":" + r.Version, ARN: aws.ToString(out.FunctionArn), Outcome: Created, Note: "the function as it was"}, nil
}

// foundTargets looks at the targets that are there already: the predecessor ignored what
// it did not understand, and records of a faulty target fail.
func (s *Stack) foundTargets(ctx context.Context, r *Replaced, table string) {
	entries, err := (&registry.Table{Client: s.Tables, Name: table}).List(ctx, "")
	if cloud.IsMissing(err) {
		return
	}
	if err != nil {
		r.Unseen = cloud.Plain(err)
		return
	}
	r.Targets = len(entries)
	for i := range entries {
		for _, f := range entries[i].Faults {
			r.Faulty = append(r.Faulty, fmt.Sprintf("%v (source %s)", f, entries[i].Spec.SourceARN))
		}
	}
}

// wayBack returns the commands that make a function what its version is. Variables are
// read from the version, since they may be secret.
func wayBack(was *types.FunctionConfiguration, version, region string) []string {
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
