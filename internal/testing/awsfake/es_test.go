package awsfake_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

// bulk sends a _bulk request, signed for service unless that is "".
func bulk(t *testing.T, fake *awsfake.Server, cfg aws.Config, service, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fake.URL()+"/orders/_bulk", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	if change != nil {
		change(req)
	}
	if service != "" {
		creds, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, req, hash, service, cfg.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := cfg.HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func TestBulk(t *testing.T) {
	const indexed = "{\"index\":{\"_id\":\"a\",\"_type\":\"t\"}}\n{\"n\":1}\n"
	tests := []struct {
		name, body string
		refuse     map[int]string
		status     int
		says       []string
		taken      []awsfake.Record
	}{
		{"index", indexed, nil, 200, []string{`"errors":false`, `"status":201`},
			[]awsfake.Record{{ID: "a", Action: "index", DocType: "t", Data: []byte(`{"n":1}`)}}},
		{"create twice", strings.Repeat("{\"create\":{\"_id\":\"a\"}}\n{}\n", 2), nil, 200, []string{`"errors":true`, `"status":201`, `"status":409`},
			[]awsfake.Record{{ID: "a", Action: "create", Data: []byte(`{}`)}}},
		{"delete twice", indexed + strings.Repeat("{\"delete\":{\"_id\":\"a\"}}\n", 2), nil, 200, []string{`"errors":false`, `"status":200`, `"status":404`},
			[]awsfake.Record{{ID: "a", Action: "index", DocType: "t", Data: []byte(`{"n":1}`)}, {ID: "a", Action: "delete"}}},
		{"no object", "{\"index\":{\"_id\":\"a\"}}\n[]\n", nil, 200, []string{`"status":400`, "mapper_parsing_exception"}, nil},
		{"refused", indexed, map[int]string{0: "es_rejected_execution_exception"}, 200, []string{`"status":429`}, nil},
		{"refused for an unknown reason", indexed, map[int]string{0: "InternalFailure"}, 200, []string{`"status":500`}, nil},
		{"no line end", strings.TrimSuffix(indexed, "\n"), nil, 400, []string{"terminated by a newline"}, nil},
		{"no document", "{\"index\":{\"_id\":\"a\"}}\n", nil, 400, []string{"terminated by a newline"}, nil},
		{"no action", "{}\n", nil, 400, []string{"Malformed"}, nil},
		{"unknown action", "{\"drop\":{\"_id\":\"a\"}}\n", nil, 400, []string{"Malformed"}, nil},
		{"unknown metadata", "{\"index\":{\"_id\":\"a\",\"x\":1}}\n{}\n", nil, 400, []string{"Malformed"}, nil},
		{"two values", "{\"delete\":{\"_id\":\"a\"}}{}\n", nil, 400, []string{"Malformed"}, nil},
		{"no id", "{\"delete\":{}}\n", nil, 400, []string{"id is too long"}, nil},
		{"long id", "{\"delete\":{\"_id\":\"" + strings.Repeat("x", 513) + "\"}}\n", nil, 400, []string{"id is too long"}, nil},
		{"too large", strings.Repeat(indexed, 10<<20/len(indexed)+1), nil, 413, []string{"Message"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Refuse: tt.refuse} })
			status, answer := bulk(t, fake, cfg, "es", tt.body, nil)
			if status != tt.status {
				t.Errorf("status %d; want %d: %.500s", status, tt.status, answer)
			}
			for _, says := range tt.says {
				if !strings.Contains(answer, says) {
					t.Errorf("%.500s does not say %s", answer, says)
				}
			}
			if diff := cmp.Diff(tt.taken, fake.Records("es/orders")); diff != "" {
				t.Errorf("records differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBulkAccess asserts which users and headers are accepted.
func TestBulkAccess(t *testing.T) {
	const body = "{\"index\":{\"_id\":\"a\"}}\n{}\n"
	sum := sha256.Sum256([]byte(body))
	serverless := func(r *http.Request) {
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		r.ContentLength = 0
	}
	tests := []struct {
		name, service string
		change        func(*http.Request)
		status        int
	}{
		{"unsigned", "", nil, 200},
		{"basic", "", func(r *http.Request) { r.SetBasicAuth("u", "p") }, 200},
		{"signed", "es", nil, 200},
		{"serverless", "aoss", serverless, 200},
		{"serverless without a hash", "aoss", nil, 403},
		{"serverless with a signed length", "aoss", func(r *http.Request) { serverless(r); r.ContentLength = int64(len(body)) }, 403},
		{"other content", "es", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 406},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			if status, answer := bulk(t, fake, cfg, tt.service, body, tt.change); status != tt.status {
				t.Errorf("status %d; want %d: %s", status, tt.status, answer)
			}
			call := fake.Calls()[0]
			if user := call.User; (user == "u") != (tt.name == "basic") {
				t.Errorf("user %q", user)
			}
			if call.Operation != "_bulk" || call.Destination != "orders" || tt.service != "" && call.Service != tt.service {
				t.Errorf("call %+v", call)
			}
		})
	}
	fake, cfg := start(t)
	for fault, want := range map[*awsfake.Fault]string{
		{Code: "AccessDeniedException", Status: 403, Message: "m"}: `"Message":"m"`,
		{Code: "security_exception", Status: 403, Message: "m"}:    `"type":"security_exception"`,
	} {
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return fault })
		if status, answer := bulk(t, fake, cfg, "es", body, nil); status != 403 || !strings.Contains(answer, want) {
			t.Errorf("status %d: %s", status, answer)
		}
	}
}
