package dynamodb

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// requestBody has all members of the sink's requests.
type requestBody struct {
	TableName, ConditionExpression string
	ExpressionAttributeNames       map[string]string
	ExpressionAttributeValues      map[string]any
	Item, Key                      map[string]any
}

// valueOf returns an attribute's value, given in DynamoDB JSON, as the SDK has it.
func valueOf(t *testing.T, v any) types.AttributeValue {
	t.Helper()
	for kind, v := range v.(map[string]any) { //nolint:forcetypeassert // DynamoDB JSON
		switch v := v.(type) {
		case bool:
			if kind == "NULL" {
				return &types.AttributeValueMemberNULL{Value: v}
			}
			return &types.AttributeValueMemberBOOL{Value: v}
		case map[string]any:
			return &types.AttributeValueMemberM{Value: valuesOf(t, v)}
		case []any:
			return listOf(t, kind, v)
		case string:
			switch kind {
			case "S":
				return &types.AttributeValueMemberS{Value: v}
			case "N":
				return &types.AttributeValueMemberN{Value: v}
			}
			return &types.AttributeValueMemberB{Value: bytesOf(t, v)}
		}
	}
	t.Fatalf("%v is no value", v)
	return nil
}

func listOf(t *testing.T, kind string, list []any) types.AttributeValue {
	t.Helper()
	var texts []string
	var all [][]byte
	var values []types.AttributeValue
	for _, v := range list {
		switch text, _ := v.(string); kind {
		case "L":
			values = append(values, valueOf(t, v))
		case "BS":
			all = append(all, bytesOf(t, text))
		default:
			texts = append(texts, text)
		}
	}
	switch kind {
	case "L":
		return &types.AttributeValueMemberL{Value: values}
	case "BS":
		return &types.AttributeValueMemberBS{Value: all}
	case "NS":
		return &types.AttributeValueMemberNS{Value: texts}
	}
	return &types.AttributeValueMemberSS{Value: texts}
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func valuesOf(t *testing.T, all map[string]any) map[string]types.AttributeValue {
	t.Helper()
	if all == nil {
		return nil
	}
	values := make(map[string]types.AttributeValue, len(all))
	for name, v := range all {
		values[name] = valueOf(t, v)
	}
	return values
}

func textOf(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// headerOf returns the headers that do not differ from request to request. The bodies' order
// and escapes may differ, so their lengths may, too.
func headerOf(h http.Header) http.Header {
	h = maps.Clone(h)
	for _, k := range []string{"X-Amz-Date", "Authorization", "User-Agent", "Content-Length", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Accept-Encoding"} {
		h.Del(k)
	}
	return h
}

// TestSameAsSDK asserts that the SDK, given the contents of a request, sends the same request:
// it has no member that DynamoDB does not know, and no value in another form.
func TestSameAsSDK(t *testing.T) {
	const item = `{"id":{"S":"<é\u2028\"\\\u0000>"},"n":{"N":"-1.50E+9"},"b":{"B":"AAH/"},"t":{"BOOL":true},"f":{"BOOL":false},"z":{"NULL":true},
		"ss":{"SS":["a","é"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ==","Ag=="]},"m":{"M":{"x":{"L":[{"S":""},{"M":{}},{"L":[]}]}}}}`
	for _, tt := range []struct {
		name, operation, source string
		table                   Table
		record                  engine.Record
	}{
		{"put", "PutItem", streamARN, Table{}, change("MODIFY", "a", 100, item)},
		{"tombstone", "PutItem", streamARN, Table{Tombstone: ExpiresAttribute}, removal("a", 100)},
		{"delete", "DeleteItem", streamARN, Table{}, removal("a", 100)},
		{"by ARN", "PutItem", streamARN, Table{Name: tableARN}, put("a", 7)},
		{"plain", "PutItem", "arn:aws:kinesis:eu-west-1:123456789012:stream/s", Table{Plain: true}, change("", "a", 5, `{"id":"a","n":[1,2.5,null,true,{"x":""}]}`)},
		{"no position", "PutItem", "arn:aws:sns:eu-west-1:123456789012:t", Table{Plain: true}, engine.Record{Key: "a", Data: engine.Bytes([]byte(`{"id":"a"}`))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.table.Name == "" {
				tt.table.Name = "copy"
			}
			w := &sinktest.Wire{Answer: "{}"}
			if o := New(w.Config(), tt.table, sinks.Source(tt.source)).Send(t.Context(), []engine.Record{tt.record}); o.Err(0) != nil {
				t.Fatal(o.Err(0))
			}
			header, body := headerOf(w.Header), slices.Clone(w.Body)
			var in requestBody
			if err := json.Unmarshal(body, &in); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if target := header.Get("X-Amz-Target"); target != api+"."+tt.operation {
				t.Errorf("the operation is %s", target)
			}
			client, names, values := dynamodb.NewFromConfig(w.Config()), in.ExpressionAttributeNames, valuesOf(t, in.ExpressionAttributeValues)
			var err error
			if tt.operation == "PutItem" {
				_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{
					TableName: &in.TableName, Item: valuesOf(t, in.Item), ConditionExpression: textOf(in.ConditionExpression),
					ExpressionAttributeNames: names, ExpressionAttributeValues: values,
				})
			} else {
				_, err = client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
					TableName: &in.TableName, Key: valuesOf(t, in.Key), ConditionExpression: textOf(in.ConditionExpression),
					ExpressionAttributeNames: names, ExpressionAttributeValues: values,
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(w.Body, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("bodies differ (-SDK +got):\n%s", diff)
			}
			if diff := cmp.Diff(headerOf(w.Header), header); diff != "" {
				t.Errorf("headers differ (-SDK +got):\n%s", diff)
			}
		})
	}
}
