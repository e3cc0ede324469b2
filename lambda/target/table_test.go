package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// fakeTable answers with its pages, one a query, or with err.
type fakeTable struct {
	pages [][]map[string]types.AttributeValue
	err   error
	asked []*dynamodb.QueryInput
}

func (f *fakeTable) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	asked := *in
	f.asked = append(f.asked, &asked)
	if f.err != nil {
		return nil, f.err
	}
	page := len(f.asked) - 1
	out := &dynamodb.QueryOutput{Items: f.pages[page]}
	if page+1 < len(f.pages) {
		out.LastEvaluatedKey = map[string]types.AttributeValue{"id": text(fmt.Sprint(page))}
	}
	return out, nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func truth(b bool) types.AttributeValue  { return &types.AttributeValueMemberBOOL{Value: b} }

// item is an item as the predecessor's command line wrote it.
func item(id string, active types.AttributeValue) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"sourceArn": text(stream1), "id": text(id), "type": text("sqs"), "active": active, "collapse": text("none"),
		"destination": text("https://sqs.eu-west-1.amazonaws.com/123456789012/q"), "parallel": truth(false),
	}
}

func TestTable(t *testing.T) {
	odd := item("odd", text("true"))
	odd["parallel"] = &types.AttributeValueMemberL{}
	odd["inFlight"] = &types.AttributeValueMemberN{Value: "3"}
	odd["role"] = &types.AttributeValueMemberNULL{Value: true}
	odd["tags"] = &types.AttributeValueMemberSS{}
	f := &fakeTable{pages: [][]map[string]types.AttributeValue{
		{item("a", truth(true)), odd}, {}, {item("b", truth(false)), {"id": &types.AttributeValueMemberB{}}},
	}}
	set, err := (&Table{Client: f, Name: "fanoutTargets"}).Targets(t.Context(), stream1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range set.Targets {
		got = append(got, fmt.Sprintf("%s active=%v faults=%d warnings=%d", l.ID, l.Spec.Active, len(l.Faults), len(l.Warnings)))
	}
	if diff := cmp.Diff([]string{
		"a active=true faults=0 warnings=0", "odd active=true faults=2 warnings=1",
		"b active=false faults=0 warnings=0", "item 4 active=true faults=5 warnings=0",
	}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`target "odd": active: is a string (S); it must be a boolean (BOOL): write true or false`,
		`target "odd": parallel: is a list (L); it must be a boolean (BOOL): write true or false`,
	}, texts(set.Targets[1].Faults)); diff != "" {
		t.Error(diff)
	}
	want := Spec{
		SourceARN: stream1, ID: "a", Type: SQS, Destination: set.Targets[0].Spec.Destination, Active: true,
		Region: "eu-west-1", Collapse: CollapseNone,
	}
	if got := set.Targets[0].Spec; got != want {
		t.Errorf("got %+v", got)
	}
	for i, in := range f.asked {
		source := in.ExpressionAttributeValues[":source"].(*types.AttributeValueMemberS).Value
		if *in.TableName != "fanoutTargets" || source != stream1 || !*in.ConsistentRead || (in.ExclusiveStartKey == nil) != (i == 0) {
			t.Errorf("query %d: %+v", i, in)
		}
	}
}

func TestTableErrors(t *testing.T) {
	noCredentials := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1:1"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("secret from the provider")
		}),
	})
	api := func(code string) QueryAPI {
		return &fakeTable{err: &smithy.OperationError{Err: &smithy.GenericAPIError{Code: code, Message: "because"}}}
	}
	for _, tt := range []struct {
		client QueryAPI
		want   string
	}{
		{&fakeTable{err: &types.ResourceNotFoundException{}}, "does not exist in this account and region; create it, or set FANOUT_TABLE to the name or ARN of the one that does"},
		{api("AccessDeniedException"), "may not be read; allow the function's role dynamodb:Query on it"},
		{api("ValidationException"), "refuses the query (because); its keys must be sourceArn (hash, S) and id (range, S)"},
		{api("ExpiredTokenException"), "cannot be read, because AWS refuses the credentials (ExpiredTokenException); renew them"},
		{api("InternalServerError"), "cannot be read: InternalServerError: because"},
		{noCredentials, "cannot be read, because there are no AWS credentials; give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		{&fakeTable{err: context.Canceled}, "cannot be read: context canceled"},
	} {
		_, err := (&Table{Client: tt.client, Name: "T"}).Targets(t.Context(), stream1)
		if want := `the target table "T" ` + tt.want; err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if errors.Unwrap(err) == nil {
			t.Errorf("%v has no cause", err)
		}
	}
}

func ExampleTable() {
	client := &fakeTable{pages: [][]map[string]types.AttributeValue{{item("queue", truth(true))}}}
	set, err := (&Table{Client: client, Name: "fanoutTargets"}).Targets(context.Background(), stream1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range set.Targets {
		fmt.Println(l.ID, l.Spec.Type, strings.TrimPrefix(l.Spec.Destination.String(), "https://"))
	}
	// Output: queue sqs sqs.eu-west-1.amazonaws.com/123456789012/q
}
