package role

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

const (
	stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/in"
	arnOf  = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	keyARN = "arn:aws:kms:eu-west-1:123456789012:key/"
)

// item is a target of the table, from names and values.
func item(pairs ...string) map[string]dbtypes.AttributeValue {
	it := map[string]dbtypes.AttributeValue{"active": &dbtypes.AttributeValueMemberBOOL{Value: true}, "sourceArn": &dbtypes.AttributeValueMemberS{Value: stream}}
	for i := 0; i < len(pairs); i += 2 {
		it[pairs[i]] = &dbtypes.AttributeValueMemberS{Value: pairs[i+1]}
	}
	return it
}

func newFake() *fake {
	return &fake{
		fail: map[string]error{}, keys: map[string]string{}, known: map[string]string{},
		function: &types.FunctionConfiguration{
			FunctionArn: aws.String(arnOf), Role: aws.String("arn:aws:iam::123456789012:role/ordersRole"),
			Environment:   &types.EnvironmentResponse{Variables: map[string]string{"FANOUT_LEDGER_TABLE": "ordersLedger"}},
			VpcConfig:     &types.VpcConfigResponse{SubnetIds: []string{"s"}},
			LoggingConfig: &types.LoggingConfig{LogGroup: aws.String("/my/logs")},
		},
		role: &iamtypes.Role{Tags: []iamtypes.Tag{{Key: aws.String("x"), Value: aws.String("y")}, {Key: aws.String(Tag), Value: aws.String("orders")}}},
		mappings: []types.EventSourceMappingConfiguration{
			{EventSourceArn: aws.String(stream), DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:eu-west-1:123456789012:dead")}}},
			{EventSourceArn: aws.String("arn:aws:kinesis:eu-west-1:123456789012:stream/old"), State: aws.String("Deleting")},
		},
		targets: []map[string]dbtypes.AttributeValue{
			item("id", "a", "type", "kinesis", "destination", "out"),
			item("id", "faulty", "type", "kinesis", "destination", "*"),
			item("id", "far", "type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/210987654321/q", "role", "arn:aws:iam::210987654321:role/r", "externalId", "xy"),
		},
	}
}

func find(t *testing.T, f *fake) *Function {
	t.Helper()
	fn, found, err := Find(t.Context(), fakeLambda{fake: f}, "orders")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return &fn
}

func TestSync(t *testing.T) {
	f := newFake()
	fn := find(t, f)
	for _, want := range []cloud.Outcome{cloud.Created, cloud.Unchanged} {
		if got, _, err := f.manager().Sync(t.Context(), fn); got != want || err != nil {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	for _, want := range []string{"stream/out", "stream/in", ":dead", "/my/logs", "table/ordersTargets", "table/ordersLedger", "role/r", "CreateNetworkInterface"} {
		if !strings.Contains(f.policy, want) {
			t.Errorf("%s is not in the policy:\n%s", want, f.policy)
		}
	}
	for _, not := range []string{"stream/old", "stream/*", "kms:"} {
		if strings.Contains(f.policy, not) {
			t.Errorf("%s is in the policy:\n%s", not, f.policy)
		}
	}
	f.targets = f.targets[1:]
	if got, _, err := f.manager().Sync(t.Context(), fn); got != cloud.Updated || err != nil || strings.Contains(f.policy, "stream/out") {
		t.Errorf("%s, %v", got, err)
	}
	f.policy = "not JSON"
	if got, _, err := f.manager().Sync(t.Context(), fn); got != cloud.Updated || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	f.role.Tags, f.writes = f.role.Tags[:1], 0
	if got, _, err := f.manager().Sync(t.Context(), fn); got != cloud.Foreign || err != nil || f.writes > 0 {
		t.Errorf("%s, %v", got, err)
	}
}

// The destination of failed messages needs a right like any other, with its key. If the
// lookup is denied, no right is removed.
func TestSyncAsyncFailure(t *testing.T) {
	f := newFake()
	fn := find(t, f)
	f.onFailure = "arn:aws:sqs:eu-west-1:123456789012:late"
	if got, needs, err := f.manager().Sync(t.Context(), fn); got != cloud.Created || err != nil || len(needs.Skipped) > 0 || !strings.Contains(f.policy, f.onFailure) {
		t.Errorf("%s, %v, %v:\n%s", got, needs.Skipped, err, f.policy)
	}
	f.fail["GetFunctionEventInvokeConfig"] = code("AccessDeniedException")
	if got, needs, err := f.manager().Sync(t.Context(), fn); got != cloud.Unchanged || err != nil || len(needs.Skipped) != 1 {
		t.Errorf("%s, %v, %v:\n%s", got, needs.Skipped, err, f.policy)
	}
	f.fail["GetFunctionEventInvokeConfig"] = code("ServiceException")
	if _, _, err := f.manager().Sync(t.Context(), fn); err == nil {
		t.Error("a failed look-up is taken for no destination")
	}
	if _, _, _, err := f.manager().Facts(t.Context(), fn); err == nil {
		t.Error("a failed look-up is taken for no destination")
	}
}

func TestSyncFaults(t *testing.T) {
	denied := code("AccessDeniedException")
	for op, want := range map[string]string{
		"GetRole":                 `the role "ordersRole" cannot be looked up: `,
		"GetRolePolicy":           `the policy of the role "ordersRole" cannot be read: `,
		"PutRolePolicy":           `the policy of the role "ordersRole" cannot be written: `,
		"Scan":                    `the target table "ordersTargets" cannot be read: `,
		"ListEventSourceMappings": `the mappings of the function "orders" cannot be listed: `,
		"DescribeStreamSummary":   "the key of the stream " + stream + " cannot be looked up: ",
	} {
		f := newFake()
		f.policy = "{}"
		f.fail[op] = denied
		_, _, err := f.manager().Sync(t.Context(), find(t, f))
		if err == nil || !strings.HasPrefix(err.Error(), want) || !awserr.IsDenied(err) || f.writes > 0 {
			t.Errorf("%s: got %v, want %s", op, err, want)
		}
	}
	f := newFake()
	f.role = nil
	if got, _, err := f.manager().Sync(t.Context(), find(t, f)); got != cloud.Missing || err != nil {
		t.Error(got, err)
	}
	f = newFake()
	f.function.Environment.Variables["FANOUT_IN_FLIGHT"] = "x"
	_, _, err := f.manager().Sync(t.Context(), find(t, f))
	_, accountsErr := f.manager().Accounts(t.Context(), find(t, f))
	if err == nil || accountsErr == nil || !strings.HasPrefix(err.Error(), `the function "orders" is misconfigured: the variable FANOUT_IN_FLIGHT is "x"`) {
		t.Error(err, accountsErr)
	}
	f.fail["GetFunction"] = denied
	if _, _, err := Find(t.Context(), fakeLambda{fake: f}, "orders"); !awserr.IsDenied(err) {
		t.Error(err)
	}
	f.function = nil
	if _, found, err := Find(t.Context(), fakeLambda{fake: f}, "orders"); found || err != nil {
		t.Error(found, err)
	}
}

func TestAccounts(t *testing.T) {
	f := newFake()
	got, err := f.manager().Accounts(t.Context(), find(t, f))
	if err != nil || len(got) != 1 || got[0].Role != "arn:aws:iam::210987654321:role/r" || !strings.Contains(got[0].Policy.JSON(), "210987654321:q") {
		t.Errorf("%+v, %v", got, err)
	}
	for _, op := range []string{"Scan", "DescribeTable"} {
		f.fail[op] = code("AccessDeniedException")
		if _, err := f.manager().Accounts(t.Context(), find(t, f)); !awserr.IsDenied(err) {
			t.Errorf("%s: %v", op, err)
		}
		delete(f.fail, op)
	}
	f.fail["Scan"] = code("x")
	f.function.Environment.Variables["FANOUT_TARGETS_FILE"] = "targets.yaml"
	if got, err := f.manager().Accounts(t.Context(), find(t, f)); got != nil || err != nil {
		t.Errorf("targets in a file: %+v, %v", got, err)
	}
}

// Customer managed keys are found in every use, and AWS managed keys are left out.
func TestKeys(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/"
	f := newFake()
	f.function.FunctionArn = aws.String(arnOf + ":live")
	f.function.KMSKeyArn = aws.String(keyARN + "own")
	f.function.Environment.Variables["FANOUT_TABLE"] = table + "t"
	f.mappings = append(f.mappings,
		types.EventSourceMappingConfiguration{EventSourceArn: aws.String(table + "src/stream/2026-01-31T12:34:56.789"),
			DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sns:eu-west-1:123456789012:dead")}}})
	f.targets = append(f.targets,
		item("id", "q", "type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "oversize", "s3://big"),
		item("id", "n", "type", "sns", "destination", "arn:aws:sns:eu-west-1:123456789012:n"),
		item("id", "c", "type", "redis", "destination", "cache:6379", "secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf"),
	)
	f.keys = map[string]string{
		table + "t": keyARN + "aws", table + "src": keyARN + "src", table + "ordersLedger": keyARN + "ledger",
		"s3://big": keyARN + "big",
		stream:     "alias/in", "arn:aws:kinesis:eu-west-1:123456789012:stream/out": "alias/aws/kinesis",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/dead": keyARN + "dead", "arn:aws:sns:eu-west-1:123456789012:dead": "1234",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/q":            "arn:aws:kms:eu-west-1:123456789012:alias/q",
		"arn:aws:sns:eu-west-1:123456789012:n":                          "alias/gone",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf": keyARN + "secret",
	}
	f.known = map[string]string{
		"alias/aws/dynamodb": keyARN + "aws", "alias/in": keyARN + "in", "1234": keyARN + "1234",
		"arn:aws:kms:eu-west-1:123456789012:alias/q": keyARN + "q",
	}
	k, fn := f.manager(), find(t, f)
	if fn.ARN != arnOf {
		t.Errorf("the function is %s", fn.ARN)
	}
	document, err := k.Policy(t.Context(), fn)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range document.Document.Statement {
		if strings.HasPrefix(s.Action[0], "kms:") {
			for _, r := range s.Resource {
				got = append(got, strings.Join(s.Action, "+")+" "+strings.TrimPrefix(r, keyARN))
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"kms:Decrypt in", "kms:Decrypt ledger", "kms:Decrypt own", "kms:Decrypt secret", "kms:Decrypt src",
		"kms:Decrypt+kms:GenerateDataKey 1234", "kms:Decrypt+kms:GenerateDataKey dead", "kms:Decrypt+kms:GenerateDataKey q",
		"kms:GenerateDataKey big", "kms:GenerateDataKey ledger",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// A caller without the right to look at keys gives a right to each, but must know
	// aliases.
	f.fail["DescribeKey"] = code("AccessDeniedException")
	if _, err := f.manager().Policy(t.Context(), fn); !awserr.IsDenied(err) || !strings.HasPrefix(err.Error(), "the key alias/in of the stream "+stream+" cannot be looked up: ") {
		t.Error(err)
	}
	f.keys[stream] = ""
	f.keys["arn:aws:sns:eu-west-1:123456789012:dead"], f.keys["arn:aws:sns:eu-west-1:123456789012:n"] = "", ""
	delete(f.keys, "https://sqs.eu-west-1.amazonaws.com/123456789012/q")
	if document, err := f.manager().Policy(t.Context(), fn); err != nil || !strings.Contains(document.Document.JSON(), keyARN+"aws") {
		t.Error(err)
	}
	for _, op := range []string{"GetQueueAttributes", "GetTopicAttributes", "DescribeSecret"} {
		f.fail[op] = code("AccessDeniedException")
		needs, err := f.manager().Policy(t.Context(), fn)
		if err := errors.Join(append(needs.Skipped, err)...); !awserr.IsDenied(err) {
			t.Errorf("%s: %v", op, err)
		}
		delete(f.fail, op)
	}
}

// A target with unknown facts stops no other, and keeps its rights.
func TestPoisonedTarget(t *testing.T) {
	f := newFake()
	fn := find(t, f)
	search := item("id", "es", "type", "es", "destination", "search-logs-abc123.eu-west-1.es.amazonaws.com#i")
	f.targets = append(f.targets, search)
	if _, _, err := f.manager().Sync(t.Context(), fn); err != nil || !strings.Contains(f.policy, "domain/logs/i") {
		t.Fatal(err, f.policy)
	}
	search["destination"] = &dbtypes.AttributeValueMemberS{Value: "es.amazonaws.com#i"}
	f.targets = append(f.targets,
		item("id", "q", "type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/q"),
		item("id", "late", "type", "kinesis", "destination", "late"))
	f.mappings, f.fail["GetQueueAttributes"] = nil, code("Throttled")
	k := f.manager()
	outcome, needs, err := k.Sync(t.Context(), fn)
	if outcome != cloud.Updated || err != nil || len(needs.Skipped) != 2 ||
		!strings.HasPrefix(needs.Skipped[0].Error(), `target "es": the destination "es.amazonaws.com#i" does not include the name of its domain`) ||
		!strings.HasPrefix(needs.Skipped[1].Error(), "the key of target q cannot be looked up: ") {
		t.Error(outcome, needs.Skipped, err)
	}
	for _, want := range []string{"domain/logs/i", "123456789012:q", "stream/late", "stream/out"} {
		if !strings.Contains(f.policy, want) {
			t.Errorf("%s is not in the policy:\n%s", want, f.policy)
		}
	}
	targets, err := k.Targets(t.Context(), fn)
	if err != nil || len(targets) != 5 || k.CheckTarget(t.Context(), fn, targets[1]) == nil || k.CheckTarget(t.Context(), fn, targets[3]) != nil {
		t.Error(targets, err)
	}
	if !fn.Reads("ordersTargets") || !fn.Reads("arn:aws:dynamodb:eu-west-1:123456789012:table/ordersTargets") || fn.Reads("other") {
		t.Error("the function's table is not known by name and ARN")
	}
}
