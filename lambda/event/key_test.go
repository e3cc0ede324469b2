package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// keyOf decodes a record with the given Keys and returns its key.
func keyOf(t *testing.T, keys string) string {
	t.Helper()
	batches, err := Decode(fmt.Appendf(nil, `{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"arn","eventName":"REMOVE","dynamodb":{"Keys":%s}}]}`, keys))
	if err != nil {
		t.Fatal(err)
	}
	r := &batches[0].Records[0]
	if err := r.Data.Err(); err != nil {
		t.Fatal(err)
	}
	return r.Key
}

func TestDynamoDBKey(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{`{"id":{"S":"user|1"}}`, `user|1`},
		{`{"id":{"S":"C:\\temp|\""}}`, `C:\temp|"`},
		{`{"id":{"N":"-1.5E+2"}}`, `-1.5E+2`},
		{`{"id":{"B":"AP\/+="}}`, `AP/+=`},
		{`{"id":{"S":""}}`, ``},
		{`{"sk":{"N":"7"},"pk":{"S":"a"}}`, `a|7`},
		{`{"sk":{"B":"AAE="},"pk":{"S":"a/b"}}`, `a/b|AAE=`},
		{`{"pk":{"S":"a\\"},"sk":{"S":"b|c"}}`, `a\\|b\|c`},
		{`{"pk":{"S":"a|b\\"},"sk":{"S":"c"}}`, `a\|b\\|c`},
		{`{"pk":{"S":"\\|"},"sk":{"S":""}}`, `\\\||`},
	} {
		if got := keyOf(t, c.keys); got != c.want {
			t.Errorf("%s has the key %s; want %s", c.keys, got, c.want)
		}
	}
}

// No two items of a table share a key. The test tries all pairs of short values of the
// separator and escape characters.
func TestDynamoDBKeysDiffer(t *testing.T) {
	values := []string{""}
	for i := 0; i < len(values) && len(values[i]) < 4; i++ {
		for _, c := range `a|\` {
			values = append(values, values[i]+string(c))
		}
	}
	of := make(map[string][2]string)
	for _, pk := range values {
		for _, sk := range values {
			text, err := json.Marshal(map[string]any{"pk": map[string]string{"S": pk}, "sk": map[string]string{"S": sk}})
			if err != nil {
				t.Fatal(err)
			}
			key := keyOf(t, string(text))
			if other, taken := of[key]; taken {
				t.Fatalf("(%s, %s) and (%s, %s) have the key %s", pk, sk, other[0], other[1], key)
			}
			of[key] = [2]string{pk, sk}
			if !strings.ContainsAny(pk+sk, `|\`) && key != pk+"|"+sk {
				t.Fatalf("(%s, %s) has the key %s", pk, sk, key)
			}
		}
	}
}
