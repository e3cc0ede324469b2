package doctor

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/role"
)

var update = flag.Bool("update", false, "write the golden file")

const (
	here   = "arn:aws:%s:eu-west-1:123456789012:%s"
	clicks = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	orders = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-31T12:34:56.789"
	alerts = "arn:aws:sns:eu-west-1:123456789012:alerts"
)

// healthy returns an account without trouble: a function with one target.
func healthy() *account {
	f := &lambda.GetFunctionConfigurationOutput{
		FunctionArn: aws.String(fmt.Sprintf(here, "lambda", "function:fanout")), Role: aws.String("arn:aws:iam::123456789012:role/fanoutRole"),
		State: types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful, Runtime: types.RuntimeProvidedal2023,
		Architectures: []types.Architecture{types.ArchitectureArm64}, MemorySize: aws.Int32(256), Timeout: aws.Int32(30),
		Environment: &types.EnvironmentResponse{Variables: map[string]string{"FANOUT_REPORT_BATCH_ITEM_FAILURES": "true", "FANOUT_METRICS": "none"}},
	}
	return &account{
		functions: map[string]*lambda.GetFunctionConfigurationOutput{"fanout": f},
		mappings:  []types.EventSourceMappingConfiguration{mapping(clicks)},
		items:     []map[string]string{item("copy", "kinesis", "archive")},
		tables:    map[string]*dynamodbtypes.TableDescription{"fanoutTargets": table("sourceArn", "id")},
		groups:    map[string]*int32{"/aws/lambda/fanout": aws.Int32(30), "/aws/lambda/fanout2": nil},
		role:      &iamtypes.Role{Tags: []iamtypes.Tag{{Key: aws.String(role.Tag), Value: aws.String("fanout")}}},
		fail:      map[string]string{},
		destinations: destinations{
			streams: map[string]*kinesistypes.StreamDescriptionSummary{"archive": {StreamStatus: "ACTIVE"}},
		},
	}
}

// own returns the examined function.
func (a *account) own() *lambda.GetFunctionConfigurationOutput { return a.functions["fanout"] }

// set sets a variable of the function.
func (a *account) set(name, value string) { a.own().Environment.Variables[name] = value }

// add adds a target of clicks. more holds names and values of further attributes.
func (a *account) add(id, typ, destination string, more ...string) {
	a.items = append(a.items, item(id, typ, destination, more...))
}

// stream makes arn the latest stream of its DynamoDB table, switched on or off.
func (a *account) stream(arn string, on bool) {
	table, _, _ := strings.Cut(arn, "/stream/")
	a.tables[table] = &dynamodbtypes.TableDescription{
		LatestStreamArn: &arn, StreamSpecification: &dynamodbtypes.StreamSpecification{StreamEnabled: &on},
	}
}

func item(id, typ, destination string, more ...string) map[string]string {
	i := map[string]string{"sourceArn": clicks, "id": id, "type": typ, "destination": destination, "active": "true"}
	for n := 0; n < len(more); n += 2 {
		i[more[n]] = more[n+1]
	}
	return i
}

func mapping(source string) types.EventSourceMappingConfiguration {
	return types.EventSourceMappingConfiguration{
		EventSourceArn: &source, State: aws.String("Enabled"), LastProcessingResult: aws.String("OK"), BatchSize: aws.Int32(100),
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
		DestinationConfig:     &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:eu-west-1:123456789012:failures")}},
	}
}

func table(hash, sort string) *dynamodbtypes.TableDescription {
	return &dynamodbtypes.TableDescription{
		TableStatus: dynamodbtypes.TableStatusActive,
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: &hash, KeyType: dynamodbtypes.KeyTypeHash}, {AttributeName: &sort, KeyType: dynamodbtypes.KeyTypeRange},
		},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: &hash, AttributeType: dynamodbtypes.ScalarAttributeTypeS}, {AttributeName: &sort, AttributeType: dynamodbtypes.ScalarAttributeTypeS},
		},
	}
}

// examine returns a Doctor's findings. The role has the policy that it needs, unless
// the test sets another.
func examine(t *testing.T, a *account) []Finding {
	t.Helper()
	d := Doctor{Services: a.services(), Function: "fanout", Lag: time.Minute, Flag: flagOf}
	if a.inline == nil && a.own() != nil {
		f := functionOf(a.own())
		if needs, err := a.manager().Policy(t.Context(), &f); err == nil {
			a.inline = map[string]string{"fanout-eu-west-1": needs.Document.JSON()}
		}
	}
	return d.Examine(t.Context())
}

// flagOf names the flags of the attributes in the tests, as the command line does.
func flagOf(attribute string) string {
	return map[string]string{
		"destination": "destination", "collapse": "collapse", "active": "active", "convertDDB": "convert-ddb", "externalId": "external-id",
		"region": "destination-region",
	}[attribute]
}

// lines writes findings as text.
func lines(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s %s %s: %s\n", f.Status, f.Check, f.Subject, f.Text)
		if f.Do != "" {
			fmt.Fprintf(&b, "  → %s\n", f.Do)
		}
	}
	return b.String()
}

// Every trouble gives its findings, in addition to the findings for a healthy account.
func TestFindings(t *testing.T) {
	var b strings.Builder
	for _, c := range troubles() {
		a := healthy()
		c.change(a)
		var found []Finding
		for _, f := range examine(t, a) {
			if f.Status != OK || c.all {
				found = append(found, f)
			}
		}
		if found == nil && !c.well {
			t.Errorf("%s: nothing is found", c.name)
		}
		fmt.Fprintf(&b, "# %s\n%s\n", c.name, lines(found))
	}
	const path = "testdata/findings.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// The findings and their order are deterministic.
func TestOrder(t *testing.T) {
	a := healthy()
	for i := range 20 {
		a.add(fmt.Sprintf("t%02d", i), "kinesis", "archive")
	}
	want := examine(t, a)
	for range 5 {
		if diff := cmp.Diff(want, examine(t, a)); diff != "" {
			t.Fatalf("-first +then:\n%s", diff)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true},
		{"*", "sqs:sendmessage", true},
		{"sqs:*", "sqs:sendmessage", true},
		{"sqs:*", "sns:publish", false},
		{"sqs:send*age", "sqs:sendmessage", true},
		{"sqs:send*batch", "sqs:sendmessage", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c", false},
		{"a*x*c", "abc", false},
		{"ab*b", "ab", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"", "", true},
	} {
		if got := matches(c.pattern, c.text); got != c.want {
			t.Errorf("matches(%q, %q) = %t", c.pattern, c.text, got)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		15 * time.Minute: "15m", time.Hour: "1h", 90 * time.Second: "1m30s", 0: "0s", 10 * time.Hour: "10h", 61 * time.Minute: "1h1m",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}
