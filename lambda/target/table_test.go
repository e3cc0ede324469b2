package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"fanout/sinks"
	"fanout/sinks/builtin"
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
	out := &dynamodb.QueryOutput{Items: f.pages[page], Count: int32(len(f.pages[page]))}
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
		{item("a", truth(true)), odd}, {}, {item("b", truth(false)), {"sourceArn": text(stream1), "id": &types.AttributeValueMemberB{}}},
	}}
	set, err := (&Table{Catalog: catalog, Client: f, Name: "fanoutTargets"}).Targets(t.Context(), stream1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range set.Targets {
		got = append(got, fmt.Sprintf("%s active=%v faults=%d warnings=%d", l.ID, l.Spec.Active, len(l.Faults), len(l.Warnings)))
	}
	if diff := cmp.Diff([]string{
		"a active=true faults=0 warnings=0", "odd active=false faults=1 warnings=2",
		"b active=false faults=0 warnings=0", "item 4 active=true faults=4 warnings=0",
	}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`target "odd": parallel: is a list (L); it must be a boolean (BOOL): write true or false`,
	}, texts(set.Targets[1].Faults)); diff != "" {
		t.Error(diff)
	}
	want := sinks.Spec{
		SourceARN: stream1, ID: "a", Type: builtin.Type("sqs"), Destination: set.Targets[0].Spec.Destination, Active: true,
		Region: "eu-west-1", Collapse: sinks.CollapseNone,
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
		{&fakeTable{err: &types.ResourceNotFoundException{}}, "does not exist in this account and region; create it, or name an existing one with FANOUT_TABLE (run and redrive: --table)"},
		{api("AccessDeniedException"), "cannot be read: access is denied; allow the function's role dynamodb:Query on it"},
		{api("ValidationException"), "refuses the query (because); its keys must be sourceArn (hash, S) and id (range, S)"},
		{api("ExpiredTokenException"), "cannot be read, because AWS refuses the credentials (ExpiredTokenException); renew them"},
		{api("InternalServerError"), "cannot be read: InternalServerError: because"},
		{noCredentials, "cannot be read, because there are no AWS credentials; give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		{&fakeTable{err: context.Canceled}, "cannot be read: context canceled"},
	} {
		_, err := (&Table{Catalog: catalog, Client: tt.client, Name: "T"}).Targets(t.Context(), stream1)
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
	set, err := (&Table{Catalog: catalog, Client: client, Name: "fanoutTargets"}).Targets(context.Background(), stream1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range set.Targets {
		fmt.Println(l.ID, l.Spec.Type, strings.TrimPrefix(l.Spec.Destination.String(), "https://"))
	}
	// Output: queue sqs sqs.eu-west-1.amazonaws.com/123456789012/q
}

// An answer without items, with fewer than it counts, or with something behind it, is no
// answer.
func TestEmptyAnswers(t *testing.T) {
	for _, tt := range []struct{ answer, want string }{
		{`{"Items":[],"Count":0}`, ""},
		{`{}`, "the answer has no list of items"},
		{`null`, "the answer has no list of items"},
		{``, "the answer has no list of items"},
		{`{"Items":null,"Count":3}`, "the answer has no list of items"},
		{`{"Count":0}`, "the answer has no list of items"},
		{`{"Items":[],"Count":1}`, "the answer counts 1 items and has 0"},
		{`{"Items":[{"id":{"S":"a"}}],"Count":3}`, "the answer counts 3 items and has 1"},
		{`{"Items":[{"id":{"S":"a"}}]}`, "the answer counts 0 items and has 1"},
		{`{"Items":[null],"Count":1}`, "the answer has an unexpected item"},
		{`{"Items":[{}],"Count":1}`, "the answer has an unexpected item"},
		{`{"Items":[{"sourceArn":{"S":"arn:other"},"id":{"S":"a"}}],"Count":1}`, "the answer has an unexpected item"},
		{`{"Items":[],"Count":0,"LastEvaluatedKey":null}`, ""},
		{`[]`, "cannot be read"},
		{`{"Items":[],"Count":0}` + "\n", ""},
		{`{"Items":[],"Count":0}{"Items":[],"Count":0}`, "the answer goes on behind its end"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			_, _ = io.WriteString(w, tt.answer)
		}))
		client := dynamodb.New(dynamodb.Options{
			Region: "eu-west-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		})
		_, err := (&Table{Catalog: catalog, Client: client, Name: "T"}).Targets(t.Context(), stream1)
		server.CloseClientConnections()
		server.Close()
		if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.answer, got, tt.want)
		}
	}
}

// FuzzItems asserts that an answer of the table gives the items that it has, or an error.
func FuzzItems(f *testing.F) {
	for _, answer := range []string{
		``, `{}`, `null`, `{"Items":null,"Count":3}`, `{"Items":[],"Count":0}`, `{"Items":[{}],"Count":1}`, `{"Items":[null],"Count":1}`,
		`{"Items":[{"sourceArn":{"S":"` + stream1 + `"},"id":{"S":"a"},"type":{"S":"sqs"},"active":{"BOOL":true},"inFlight":{"N":"3"}}],"Count":1}`,
		`{"Items":[{"sourceArn":{"S":"` + stream1 + `"},"id":{"B":"AA=="},"x":{"L":[{"M":{}}]},"y":{"SS":["a"]},"z":{"NULL":true}}],"Count":1}`,
		`{"Items":[{"sourceArn":{"S":"` + stream1 + `","N":"1"},"id":{"S":"a"}}],"Count":1}`, `{"Items":[],"Count":0,"LastEvaluatedKey":{"id":{"S":"a"}}}`,
		`{"__type":"ResourceNotFoundException","message":"m"}`,
	} {
		f.Add(uint16(http.StatusOK), answer)
		f.Add(uint16(http.StatusBadRequest), answer)
	}
	f.Fuzz(func(t *testing.T, status uint16, answer string) {
		if status < 200 || status > 599 {
			return
		}
		asked := 0
		client := dynamodb.New(dynamodb.Options{
			Region: "eu-west-1", Retryer: aws.NopRetryer{}, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
			HTTPClient: do(func(r *http.Request) (*http.Response, error) {
				if asked++; asked > 3 {
					return nil, errors.New("enough")
				}
				return &http.Response{StatusCode: int(status), Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
			}),
		})
		set, err := (&Table{Catalog: catalog, Client: client, Name: "T"}).Targets(t.Context(), stream1)
		if err != nil {
			return
		}
		var page struct {
			Items []map[string]any
			Count *int32
		}
		// The SDK reads the first value of an answer.
		if err := json.NewDecoder(strings.NewReader(answer)).Decode(&page); err != nil || page.Items == nil || len(page.Items) != len(set.Targets) {
			t.Fatalf("status %d, %q: %d targets", status, answer, len(set.Targets))
		}
		if len(page.Items) > 0 && (page.Count == nil || int(*page.Count) != len(page.Items)) {
			t.Fatalf("%q: %d targets", answer, len(set.Targets))
		}
	})
}

type do func(*http.Request) (*http.Response, error)

func (d do) Do(r *http.Request) (*http.Response, error) { return d(r) }

// endlessTable answers with a page of some items, however often it is asked.
type endlessTable func(page int) []map[string]types.AttributeValue

func (f endlessTable) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	page := 0
	if last, ok := in.ExclusiveStartKey["page"].(*types.AttributeValueMemberN); ok {
		page, _ = strconv.Atoi(last.Value)
		page++
	}
	items := f(page)
	return &dynamodb.QueryOutput{
		Items: items, Count: int32(len(items)),
		LastEvaluatedKey: map[string]types.AttributeValue{"page": &types.AttributeValueMemberN{Value: strconv.Itoa(page)}},
	}, ctx.Err()
}

// Endless pages neither fill the memory nor run forever.
func TestEndlessPages(t *testing.T) {
	for name, tt := range map[string]struct {
		page func(int) []map[string]types.AttributeValue
		want string
	}{
		"the same": {func(int) []map[string]types.AttributeValue {
			return []map[string]types.AttributeValue{item("a", truth(true))}
		}, `the answer has the item "a" twice`},
		"many": {func(page int) []map[string]types.AttributeValue {
			return []map[string]types.AttributeValue{item(strconv.Itoa(page), truth(true))}
		}, "which is the limit"},
		"long": {func(page int) []map[string]types.AttributeValue {
			return []map[string]types.AttributeValue{item(strconv.Itoa(page)+strings.Repeat("x", 1<<20), truth(true))}
		}, "has more than 7 targets"},
		"empty": {func(int) []map[string]types.AttributeValue {
			return []map[string]types.AttributeValue{}
		}, "the answer does not end after 10000 pages"},
	} {
		_, err := (&Table{Catalog: catalog, Client: endlessTable(tt.page), Name: "T"}).Targets(t.Context(), stream1)
		if !strings.Contains(fmt.Sprint(err), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// bySource answers with the items of each source, and records the queries.
type bySource struct {
	items map[string][]map[string]types.AttributeValue
	asked []string
}

func (b *bySource) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	source := in.ExpressionAttributeValues[":source"].(*types.AttributeValueMemberS).Value
	b.asked = append(b.asked, source)
	items := append([]map[string]types.AttributeValue{}, b.items[source]...)
	return &dynamodb.QueryOutput{Items: items, Count: int32(len(items))}, nil
}

// A consumer has the targets of its stream, unless it has some of its own.
func TestConsumers(t *testing.T) {
	const consumer = stream1 + "/consumer/c:1"
	own, its := []map[string]types.AttributeValue{item("own", truth(false))}, []map[string]types.AttributeValue{item("its", truth(true))}
	own[0]["sourceArn"] = text(consumer)
	for name, tt := range map[string]struct {
		items map[string][]map[string]types.AttributeValue
		want  string
		asked []string
	}{
		"its own, though inactive": {map[string][]map[string]types.AttributeValue{consumer: own, stream1: its}, "own", []string{consumer}},
		"the stream's":             {map[string][]map[string]types.AttributeValue{stream1: its}, "its", []string{consumer, stream1}},
		"none":                     {nil, "", []string{consumer, stream1}},
	} {
		b := &bySource{items: tt.items}
		set, err := (&Table{Catalog: catalog, Client: b, Name: "T"}).Targets(t.Context(), consumer)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, l := range set.Targets {
			got += l.ID
		}
		if diff := cmp.Diff(tt.asked, b.asked); diff != "" || got != tt.want {
			t.Errorf("%s: %q, want %q; %s", name, got, tt.want, diff)
		}
	}
}

// The targets of a table's former stream are named, or at least how to find them.
func TestFormerStream(t *testing.T) {
	const old, now = "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2025", "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026"
	f, err := catalog.OpenFile(write(t, `targets:
  - {sourceArn: "`+old+`", id: b, type: kinesis, destination: d, active: true}
  - {sourceArn: "`+old+`", id: a, type: kinesis, destination: d, active: true}
  - {sourceArn: "arn:aws:dynamodb:eu-west-1:123456789012:table/T2/stream/2025", id: c, type: kinesis, destination: d, active: true}
  - {sourceArn: "`+stream1+`", id: d, type: kinesis, destination: d, active: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	const others = "it has targets for " + old + ", arn:aws:dynamodb:eu-west-1:123456789012:table/T2/stream/2025, " + stream1
	for source, want := range map[string]string{
		now: `the sourceArn of "a", "b" names another stream of the table, ` + old + `; correct it`,
		old: "", topic1: others, stream1 + "2": others,
	} {
		if set, err := f.Targets(t.Context(), source); err != nil || set.Elsewhere != want {
			t.Errorf("%s: %q, %v", source, set.Elsewhere, err)
		}
	}
	set, err := (&Table{Catalog: catalog, Client: &bySource{}, Name: "T"}).Targets(t.Context(), now)
	if err != nil || !strings.Contains(set.Elsewhere, "fanout doctor lists the targets of the former stream") {
		t.Errorf("%q, %v", set.Elsewhere, err)
	}
}
