package stack

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// foreign is an account with a function that is not fanout's.
func foreign() *fake {
	f := newFake()
	f.function = &types.FunctionConfiguration{
		FunctionName: aws.String("orders"), FunctionArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:orders"),
		Runtime: types.RuntimeNodejs22x, Handler: aws.String("index.handler"), MemorySize: aws.Int32(128), Timeout: aws.Int32(3),
		Role: aws.String("arn:aws:iam::123456789012:role/theirs"), CodeSha256: aws.String("c2hh"), CodeSize: 4321, LastModified: aws.String("2026-01-31T12:00:00.000+0000"),
		State: types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful,
		Environment: &types.EnvironmentResponse{Variables: map[string]string{"PASSWORD": "hidden"}},
	}
	return f
}

// item is a target in the table.
func item(id, typ string, active bool) map[string]dbtypes.AttributeValue {
	i := map[string]dbtypes.AttributeValue{"active": &dbtypes.AttributeValueMemberBOOL{Value: active}}
	for name, value := range map[string]string{"sourceArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/s", "id": id, "type": typ, "destination": "d"} {
		i[name] = &dbtypes.AttributeValueMemberS{Value: value}
	}
	return i
}

func replaced() *Replaced {
	return &Replaced{
		Function: "orders", Runtime: "nodejs22.x", Handler: "index.handler", Modified: "2026-01-31T12:00:00.000+0000", SHA256: "c2hh", Bytes: 4321,
	}
}

// A function that is not fanout's is described before any write, and kept as a version.
// The way back is printed before the function changes.
func TestDeployOverAnother(t *testing.T) {
	f := foreign()
	was := *f.function
	f.items = append(f.items, item("a", "kinesis", true), item("b", "pigeon", true), item("off", "pigeon", false))
	set := settings()
	var asked, told *Replaced
	set.Adopt = func(r *Replaced) error {
		if f.writes > 0 {
			t.Errorf("%d writes before the question", f.writes)
		}
		copied := *r
		asked = &copied
		return nil
	}
	set.Adopted = func(r *Replaced) {
		if f.function.Runtime != types.RuntimeNodejs22x || slices.Contains(f.calls, "UpdateFunctionConfiguration") {
			t.Error("the way back is said after the function was changed")
		}
		told = r
	}
	got, d, err := deploy(t, f, set)
	if err != nil {
		t.Fatal(err)
	}
	want := replaced()
	want.Table, want.Targets, want.Faulty, want.Warnings = "ordersTargets", 3, asked.Faulty, 1
	if diff := cmp.Diff(want, asked); diff != "" || len(asked.Faulty) != 1 || !strings.Contains(asked.Faulty[0], `"pigeon" is unknown`) {
		t.Errorf("asked about %v (-want +got):\n%s", asked.Faulty, diff)
	}
	if len(f.published) != 1 || f.published[0].Runtime != was.Runtime || got["version orders:1"] != cloud.Created || d.Replaced != told || told.Version != "1" {
		t.Errorf("published %v, told %+v, things %v", f.published, told, got)
	}
	if got["function orders"] != cloud.Updated || f.function.Runtime != types.RuntimeProvidedal2023 || f.fnTags["fanout:function"] != "orders" {
		t.Errorf("the function is %+v", f.function)
	}
	text, err := json.Marshal(d)
	if err != nil || !strings.Contains(string(text), `"replaced":{"function":"orders","runtime":"nodejs22.x"`) || strings.Contains(string(text), "hidden") {
		t.Errorf("%v: %s", err, text)
	}
	// It is fanout's now.
	if _, d, err := deploy(t, f, settings()); err != nil || d.Replaced != nil || len(f.published) != 1 {
		t.Errorf("a second time: %+v, %v", d.Replaced, err)
	}
}

// Faulty targets are the findings of fanout lint in the table that the function will
// read.
func TestDeployOverAnotherLints(t *testing.T) {
	const stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/customers/stream/"
	former, fallback := item("former", "kinesis", true), item("fallback", "kinesis", true)
	former["sourceArn"] = &dbtypes.AttributeValueMemberS{Value: stream + "1"}
	fallback["onFailure"] = &dbtypes.AttributeValueMemberS{Value: "nobody"}
	for name, tt := range map[string]struct {
		environment map[string]string
		want        string
		unseen      string
	}{
		"as it is":                {nil, "former: sourceArn, disk: type, fallback: onFailure", ""},
		"where files are allowed": {map[string]string{"FANOUT_ALLOW_FILE_TARGETS": "true"}, "former: sourceArn, fallback: onFailure", ""},
		"targets from a file":     {map[string]string{"FANOUT_TARGETS_FILE": "targets.yaml"}, "", "the function will read them from the file targets.yaml in its package, which fanout cannot read"},
	} {
		f := foreign()
		f.items = append(f.items, former, fallback, item("disk", "file", true))
		f.tables["customers"] = &table{TableDescription: dbtypes.TableDescription{
			LatestStreamArn: aws.String(stream + "2"), StreamSpecification: &dbtypes.StreamSpecification{StreamEnabled: aws.Bool(true)},
		}}
		set := settings()
		set.Environment = tt.environment
		var faults []string
		var unseen string
		set.Adopt = func(r *Replaced) error {
			for _, text := range r.Faulty {
				id, rest, _ := strings.Cut(strings.TrimPrefix(text, `target "`), `": `)
				attribute, _, _ := strings.Cut(rest, ":")
				faults = append(faults, id+": "+attribute)
			}
			unseen = r.Unchecked
			return errors.New("declined")
		}
		if _, _, err := deploy(t, f, set); err == nil || f.writes > 0 {
			t.Errorf("%s: %v, %d writes", name, err, f.writes)
		}
		if got := strings.Join(faults, ", "); got != tt.want || unseen != tt.unseen {
			t.Errorf("%s: found %q, unseen %q", name, got, unseen)
		}
	}
}

// A declined question, or a version that cannot be made, leaves everything as it was.
func TestDeployOverAnotherDeclined(t *testing.T) {
	f := foreign()
	before := f.state()
	if _, _, err := deploy(t, f, settings()); err == nil || err.Error() != "declined" || f.writes > 0 || f.state() != before {
		t.Errorf("%v, %d writes", err, f.writes)
	}
	set := settings()
	set.Adopt = func(*Replaced) error { return nil }
	f.fail = func(op string) error {
		if op == "PublishVersion" {
			return apiError("AccessDeniedException", "no")
		}
		return nil
	}
	_, _, err := deploy(t, f, set)
	if !awserr.IsDenied(err) || !strings.HasPrefix(err.Error(), `the current function "orders" cannot be published as a version, so nothing was changed: `) || f.writes > 0 || f.state() != before {
		t.Errorf("%v, %d writes", err, f.writes)
	}
	// The question comes even if the targets are unreadable.
	f.fail = func(op string) error {
		if op == "Scan" {
			return apiError("AccessDeniedException", "no")
		}
		return nil
	}
	unseen := ""
	set.Adopt = func(r *Replaced) error { unseen = r.Unchecked; return errors.New("no") }
	if _, _, err := deploy(t, f, set); err == nil || !strings.Contains(unseen, "AWS does not allow Fake Scan") {
		t.Errorf("%v, unseen is %q", err, unseen)
	}
}

// A function with another runtime is not fanout's, even with variables like fanout's.
func TestForeign(t *testing.T) {
	tag, variable := map[string]string{"fanout:function": "orders"}, map[string]string{"FANOUT_TABLE": "t"}
	for _, c := range []struct {
		name      string
		tags      map[string]string
		variables map[string]string
		runtime   types.Runtime
		handler   string
		want      bool
	}{
		{"tagged", tag, nil, types.RuntimeNodejs22x, "index.handler", true},
		{"by a template", nil, variable, types.RuntimeProvidedal2023, "bootstrap", true},
		{"another runtime", nil, variable, types.RuntimeNodejs22x, "bootstrap", false},
		{"another handler", nil, variable, types.RuntimeProvidedal2023, "main", false},
		{"no sign", nil, nil, types.RuntimeProvidedal2023, "bootstrap", false},
	} {
		f := function{types.FunctionConfiguration{Runtime: c.runtime, Handler: &c.handler, Environment: &types.EnvironmentResponse{Variables: c.variables}}, c.tags}
		if f.fanout() != c.want {
			t.Errorf("%s: %t", c.name, !c.want)
		}
	}
}

func TestWayBack(t *testing.T) {
	f := foreign().function
	f.VpcConfig = &types.VpcConfigResponse{SubnetIds: []string{"subnet-1", "subnet-2"}, SecurityGroupIds: []string{"sg-1"}}
	want := []string{
		`aws lambda update-function-configuration --region eu-west-1 --function-name orders --runtime nodejs22.x --handler index.handler` +
			` --role arn:aws:iam::123456789012:role/theirs --memory-size 128 --timeout 3 --vpc-config '{"SecurityGroupIds":["sg-1"],"SubnetIds":["subnet-1","subnet-2"]}'` +
			` --environment "$(aws lambda get-function-configuration --region eu-west-1 --function-name orders:7 --query '{Variables:Environment.Variables}' --output json)"`,
		`aws lambda wait function-updated --region eu-west-1 --function-name orders`,
		`curl -o orders-7.zip "$(aws lambda get-function --region eu-west-1 --function-name orders:7 --query Code.Location --output text)"`,
		`aws lambda update-function-code --region eu-west-1 --function-name orders --architectures x86_64 --zip-file fileb://orders-7.zip`,
		`aws lambda untag-resource --region eu-west-1 --resource arn:aws:lambda:eu-west-1:123456789012:function:orders --tag-keys fanout:function`,
	}
	if diff := cmp.Diff(want, restoreCommands(f, "7", "eu-west-1")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	f.VpcConfig, f.Environment = nil, nil
	if back := restoreCommands(f, "7", "eu-west-1")[0]; !strings.HasSuffix(back, `--vpc-config '{"SecurityGroupIds":[],"SubnetIds":[]}' --environment '{"Variables":{}}'`) {
		t.Error(back)
	}
}

// A time limit that leaves no time to send is refused before any resource is made.
func TestDeployWithoutTime(t *testing.T) {
	for _, c := range []struct {
		timeout int32
		margin  string
		want    string
	}{
		{1, "", `the timeout of 1s leaves the function "orders" no time to send, because sending stops 1s before it (FANOUT_DEADLINE_MARGIN); add a longer --timeout, such as 30`},
		{2, "", ""},
		{1, "200ms", ""},
		{0, "30s", `the timeout of 30s leaves the function "orders" no time to send, because sending stops 30s before it (FANOUT_DEADLINE_MARGIN); add a longer --timeout, such as 30`},
	} {
		f, set := newFake(), settings()
		set.Timeout = c.timeout
		set.Environment = map[string]string{"FANOUT_DEADLINE_MARGIN": c.margin}
		_, _, err := deploy(t, f, set)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || err != nil && f.writes > 0 {
			t.Errorf("%d, %s: %q, %d writes", c.timeout, c.margin, got, f.writes)
		}
	}
}
