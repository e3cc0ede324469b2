package es

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"
)

// answering returns a sink whose requests get status and body as their answer.
func answering(t testing.TB, status int, header http.Header, body string) *Sink {
	t.Helper()
	client := sinktest.Do(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	e, err := New(client, Index{URL: "https://host", Index: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestESItems asserts the meaning of an item between two items of actions that took
// effect.
func TestESItems(t *testing.T) {
	create, remove := sinktest.Numbered(3)[1], esRecord("REMOVE", "b", "")
	tests := []struct {
		name string
		rec  engine.Record
		item string
		want string
		says string
	}{
		{"created", create, `{"create":{"_id":"shardId-000000000000/4901/0","status":201}}`, "", ""},
		{"no id", create, `{"create":{"status":200,"error":null}}`, "", ""},
		{"exists", create, `{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"secret"}}}`, "", ""},
		{"deleted", remove, `{"delete":{"_id":"b","status":200}}`, "", ""},
		{"nothing to delete", remove, `{"delete":{"_id":"b","status":404,"result":"not_found"}}`, "", ""},
		{"nothing to delete from", remove, `{"delete":{"status":404,"error":{"type":"index_not_found_exception","reason":"secret"}}}`, "permanent", "index_not_found_exception: the destination does not exist"},
		{"contested", remove, `{"delete":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}`, "retryable", "changing the document"},
		{"no document", create, `{"create":{"status":404}}`, "permanent", "status 404"},
		{"rejected", create, `{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"secret"}}}`, "throttled", "es_rejected_execution_exception"},
		{"shards missing", create, `{"create":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"secret"}}}`, "throttled", ""},
		{"failing", create, `{"create":{"status":500,"error":{"type":"exception","reason":"secret"}}}`, "retryable", "failed"},
		{"read-only", create, `{"create":{"status":403,"error":{"type":"cluster_block_exception","reason":"secret"}}}`, "throttled", "no writes for now"},
		{"index cannot be created", create, `{"create":{"status":403,"error":{"type":"index_create_block_exception","reason":"secret"}}}`, "throttled", "no writes for now"},
		{"unknown status", create, `{"create":{"status":302,"error":{"type":"exception"}}}`, "retryable", "failed"},
		{"forbidden", create, `{"create":{"status":403,"error":{"type":"security_exception","reason":"secret"}}}`, "permanent", "access is denied"},
		{"unparseable", create, `{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"field of [secret]","caused_by":{"reason":"secret"}}}}`,
			"permanent", "es host#orders: mapper_parsing_exception: the service refuses the record"},
		{"a field of another type", create, esRefused("document_parsing_exception", "[1:11] failed to parse field [a.b-c] of type [long] in document with id 'secret'. Preview of field's value: 'secret'", "number_format_exception"),
			"permanent", "document_parsing_exception: the service refuses the record: field a.b-c of type long, number_format_exception"},
		{"an object for a value", create, esRefused("mapper_parsing_exception", "object mapping for [a] tried to parse field [a] as object, but found a concrete value", ""),
			"permanent", "the service refuses the record: field a"},
		{"another mapping", create, esRefused("illegal_argument_exception", "mapper [a] cannot be changed from type [long] to [text]", ""), "permanent", "field a"},
		{"an older mapping", create, esRefused("illegal_argument_exception", "mapper [a] of different type, current_type [long], merged_type [text]", ""), "permanent", "field a"},
		{"a value for an object", create, esRefused("mapper_parsing_exception", "Could not dynamically add mapping for field [a.b]. Existing mapping for [a] must be of type object but found [text].", ""), "permanent", "field a.b"},
		{"strict", create, esRefused("strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction of [a] within [_doc] is not allowed", ""), "permanent", "field a"},
		{"the cause names the field", create, `{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"x_exception","reason":"mapper [a] cannot be changed from type [long] to [text] secret"}}}}`,
			"permanent", "field a, x_exception"},
		{"a field that may be data", create, esRefused("mapper_parsing_exception", "failed to parse field [my secret] of type [long]", "secret value"), "permanent", "es host#orders: mapper_parsing_exception: the service refuses the record"},
		{"a type that may be data", create, esRefused("mapper_parsing_exception", "failed to parse field [a] of type [SECRET secret]", ""), "permanent", "field a"},
		{"an alias's index", create, `{"create":{"status":400,"error":{"type":"x","reason":"secret","index":"orders-000007"}}}`, "permanent", "index orders-000007"},
		{"a term that is too long", create, esRefused("illegal_argument_exception", `Document contains at least one immense term in field="a.b" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped. The prefix of the first immense term is: '[secret]...'`, "max_bytes_length_exceeded_exception"),
			"permanent", "the service refuses the record: field a.b, max_bytes_length_exceeded_exception"},
		{"no timestamp", create, esRefused("document_parsing_exception", "[1:9] data stream timestamp field [@timestamp] is missing", ""), "permanent", "field @timestamp"},
		{"an alias without a write index", create, esRefused("illegal_argument_exception", "no write index is defined for alias [secret]. The write index may be explicitly disabled", ""), "permanent", "set is_write_index"},
		{"a change in a data stream", remove, `{"delete":{"_id":"b","status":400,"error":{"type":"illegal_argument_exception","reason":"only write ops with an op_type of create are allowed in data streams"}}}`, "permanent", "a data stream accepts only new documents"},
		{"too many fields", create, esRefused("illegal_argument_exception", "Limit of total fields [1000] has been exceeded while adding new fields [1]", ""), "permanent", "index.mapping.total_fields.limit"},
		{"another type", create, esRefused("illegal_argument_exception", "Rejecting mapping update to [orders] as the final mapping would have more than 1 type: [_doc, secret]", ""), "permanent", "or remove it"},
		{"too many shards", create, esRefused("validation_exception", "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;", ""), "throttled", "cluster.max_shards_per_node"},
		{"too many shards, OpenSearch", create, esRefused("illegal_argument_exception", "Validation Failed: 1: this action would add [10] total shards, but this cluster currently has [995]/[1000] maximum shards open;", ""), "throttled", "cluster.max_shards_per_node"},
		{"too many shards, quoted", create, esRefused("mapper_parsing_exception", "failed to parse [secret this action would add [2] shards]", ""), "permanent", ""},
		{"closed", create, esRefused("index_closed_exception", "closed", ""), "retryable", "the index is closed"},
		{"a snapshot", create, esRefused("snapshot_in_progress_exception", "secret", ""), "retryable", ""},
		{"no ids", create, `{"create":{"status":400,"error":{"type":"illegal_argument_exception","reason":"Document ID is not supported in create/index operation request"}}}`,
			"permanent", "does not support document ids"},
		{"too large", create, `{"create":{"status":413,"error":{"type":"x"}}}`, "too large", "larger than the destination accepts"},
		{"error as text", create, `{"create":{"status":400,"error":"secret"}}`, "permanent", "status 400"},
		{"error with a strange type", create, `{"create":{"status":400,"error":{"type":"[secret]"}}}`, "permanent", "status 400"},
		{"error without a type", create, `{"create":{"status":500,"error":{"reason":"secret"}}}`, "retryable", "status 500"},
		{"error and success", create, `{"create":{"status":201,"error":{"type":"x"}}}`, "retryable", "unknown"},
		{"another document", create, `{"create":{"_id":"other","status":201}}`, "retryable", "unknown"},
		{"another action", create, `{"index":{"status":201}}`, "retryable", "unknown"},
		{"no status", create, `{"create":{}}`, "retryable", "unknown"},
		{"two actions", create, `{"create":{"status":201},"index":{"status":201}}`, "retryable", "unknown"},
		{"no action", create, `{}`, "retryable", "unknown"},
		{"null", create, `null`, "retryable", "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := answering(t, http.StatusOK, nil, `{"took":1,"errors":false,"items":[`+esTaken+`,`+tt.item+`,`+esTaken+`]}`)
			recs := sinktest.Numbered(3)
			recs[1] = tt.rec
			o := e.Send(t.Context(), recs)
			if diff := cmp.Diff([]string{"", tt.want, ""}, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s\n%v", diff, o.Err(1))
			}
			if err := o.Err(1); err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%q does not say %q alone", err, tt.says)
			}
		})
	}
}

// esRefused is the item of a refused document.
func esRefused(kind, reason, cause string) string {
	return fmt.Sprintf(`{"create":{"status":400,"error":{"type":%q,"reason":%q,"caused_by":{"type":%q,"reason":"secret"}}}}`, kind, reason, cause)
}

// esTaken is the item of a created document.
const esTaken = `{"create":{"status":201}}`

func TestESAnswers(t *testing.T) {
	header := func(name, value string) http.Header {
		h := http.Header{}
		h.Set(name, value)
		return h
	}
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   engine.Class
		says   string
	}{
		{"too few items", 200, nil, `{"items":[{"create":{"status":201}}]}`, engine.Retryable, "2 records were sent, but the answer is about 1"},
		{"no items", 200, nil, `{}`, engine.Retryable, "about 0"},
		{"too many items", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `,` + esTaken + `]}`, engine.Retryable, "2 records were sent, but the answer is about 3"},
		{"items twice", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `],"items":[` + esTaken + `,` + esTaken + `]}`, engine.Retryable, "could not be read"},
		{"something behind", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `]}{"error":"secret"}`, engine.Retryable, "could not be read"},
		{"a brace behind", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `]} }`, engine.Retryable, "could not be read"},
		{"HTML behind", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `]}` + "\n<html>", engine.Retryable, "could not be read"},
		{"no object", 200, nil, `[` + esTaken + `,` + esTaken + `]`, engine.Retryable, "could not be read"},
		{"no list", 200, nil, `{"items":{}}`, engine.Retryable, "could not be read"},
		{"errors that no item names", 200, nil, `{"errors":true,"items":[` + esTaken + `,` + esTaken + `]}`, engine.Retryable, "does not acknowledge"},
		{"endless item", 200, nil, `{"items":[{"create":{"x":"` + strings.Repeat("secret", 100_000), engine.Retryable, "longer than"},
		{"endless beginning", 200, nil, `{"x":[` + strings.Repeat("1,", 200_000), engine.Retryable, "longer than"},
		{"endless end", 200, nil, `{"items":[` + esTaken + `,` + esTaken + `]}` + strings.Repeat(" ", 600_000), engine.Retryable, "longer than"},
		{"endless error", 400, nil, `{"error":{"type":"` + strings.Repeat("a", 600_000), engine.Refused, "HTTP status 400"},
		{"nothing", 200, nil, ``, engine.Retryable, "could not be read"},
		{"HTML", 200, nil, `<html>secret`, engine.Retryable, "could not be read"},
		{"cut off", 200, nil, `{"items":[{"create":{"status":201}},{"create":{"status":201}}`, engine.Retryable, "could not be read"},
		{"too large", 413, nil, `{"Message":"secret"}`, engine.TooLarge, "HTTP status 413"},
		{"malformed", 400, nil, `{"error":{"type":"illegal_argument_exception","reason":"secret"},"status":400}`, engine.Refused, "one in its request"},
		{"a type too many", 400, nil, `{"error":{"root_cause":[{"type":"secret"}],"type":"illegal_argument_exception","reason":"Action/metadata line [1] contains an unknown parameter [_type]"},"status":400}`,
			engine.Permanent, "illegal_argument_exception: the cluster does not support mapping types: remove the type from the destination"},
		{"malformed, with its type", 400, nil, `{"error":{"type":"action_request_validation_exception","reason":"secret"},"status":400}`,
			engine.Refused, "HTTP status 400: action_request_validation_exception: the service refuses the record, or another one in its request"},
		{"too many shards", 400, header("Retry-After", "7"), `{"error":{"type":"validation_exception","reason":"Validation Failed: 1: this action would add [2] shards, secret"},"status":400}`,
			engine.Throttled, "cluster.max_shards_per_node"},
		{"read-only", 403, nil, `{"error":{"type":"cluster_block_exception","reason":"index [secret] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"},"status":403}`,
			engine.Throttled, "accepts no writes for now"},
		{"no master", 503, nil, `{"error":{"type":"master_not_discovered_exception","reason":null},"status":503}`, engine.Retryable, "no elected master"},
		{"expired", 400, header("X-Amzn-Errortype", "ExpiredTokenException:http://aws"), `{"message":"secret"}`, engine.Retryable, "ExpiredTokenException: the credentials"},
		{"denied by AWS", 403, header("X-Amzn-Errortype", "AccessDeniedException"), `{"Message":"User: u is not authorized to perform: es:ESHttpPost"}`,
			engine.Permanent, "not authorized to perform: es:ESHttpPost"},
		{"denied without a name", 403, nil, `{"message":"The Canonical String should have been secret"}`, engine.Permanent, "HTTP status 403: access is denied"},
		{"denied by the cluster", 403, nil, `{"error":{"type":"security_exception","reason":"secret"},"status":403}`, engine.Permanent, "security_exception: access is denied"},
		{"no user", 401, nil, `Unauthorized secret`, engine.Permanent, "HTTP status 401"},
		{"no index", 404, nil, `{"error":{"type":"index_not_found_exception","reason":"secret"},"status":404}`, engine.Permanent, "the destination does not exist"},
		{"busy", 429, header("Retry-After", "7"), `{"error":{"type":"circuit_breaking_exception","reason":"secret"},"status":429}`, engine.Throttled, "circuit_breaking_exception"},
		{"unavailable", 503, header("Retry-After", "7"), `<html>`, engine.Throttled, "HTTP status 503"},
		{"failing", 500, nil, `secret`, engine.Retryable, "HTTP status 500"},
		{"bad gateway", 502, nil, ``, engine.Retryable, "HTTP status 502"},
		{"elsewhere", 301, nil, ``, engine.Retryable, "es host#orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := answering(t, tt.status, tt.header, tt.body).Send(t.Context(), sinktest.Numbered(2))
			for i := range 2 {
				err := o.Err(i)
				if err == nil || engine.ClassOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("record %d has error %v; want one of class %v that says %q", i, err, tt.want, tt.says)
				}
			}
			if e, _ := errors.AsType[*engine.Error](o.Err(0)); tt.header.Get("Retry-After") != "" && e.After != 7*time.Second {
				t.Errorf("waits %v; want 7s", e.After)
			}
		})
	}
}

// TestESUnsure asserts that requests with an unknown result have failed.
func TestESUnsure(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	e := openES(t, cfg, nil)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{After: true} })
	if o := e.Send(t.Context(), sinktest.Numbered(2)); o.Err(0) == nil || engine.ClassOf(o.Err(0)) != engine.Retryable {
		t.Errorf("error %v", o.Err(0))
	}
	fake.OnCall(nil)
	if o := e.Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
		t.Errorf("sent again: %v", o.Err(0))
	}
	if n := len(fake.Records("es/orders")); n != 2 {
		t.Errorf("%d documents; want 2", n)
	}

	ctx, cancel := context.WithCancel(t.Context())
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		cancel()
		return &awsfake.Fault{Delay: time.Hour}
	})
	if o := e.Send(ctx, sinktest.Numbered(2)); o.Err(0) == nil || !strings.Contains(o.Err(0).Error(), "cut short") {
		t.Errorf("error %v", o.Err(0))
	}

	ctx, cancel = context.WithCancel(t.Context())
	e.client = sinktest.Do(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(reader(func() error { cancel(); return ctx.Err() })), Request: r}, nil
	})
	if o := e.Send(ctx, sinktest.Numbered(2)); o.Err(0) == nil || !strings.Contains(o.Err(0).Error(), "cut short") {
		t.Errorf("error %v", o.Err(0))
	}
}

// reader is an io.Reader that fails.
type reader func() error

func (f reader) Read([]byte) (int, error) { return 0, f() }

// TestESCredentials asserts that the error names a role that cannot be assumed.
func TestESCredentials(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Status: 403, Code: "AccessDenied", Message: "User: u is not authorized to perform: sts:AssumeRole"}
	})
	e := openES(t, cfg, func(i *Index) {
		i.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), "arn:aws:iam::123456789012:role/writer")
	})
	o := e.Send(t.Context(), sinktest.Numbered(1))
	want := e.String() + ", STS AssumeRole: AccessDenied: "
	if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Permanent || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v; want one that begins with %q", err, want)
	}
}

// TestESLongReasons asserts that an answer may quote the request, one document at a time.
func TestESLongReasons(t *testing.T) {
	const size = 300 << 10
	recs := sinktest.Numbered(8)
	var items []string
	for i := range recs {
		value := strings.Repeat("x", size)
		recs[i].Data = engine.Bytes([]byte(`{"n":"` + value + `"}`))
		items = append(items, `{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"`+value+`","caused_by":{"reason":"`+value+`"}}}}`)
	}
	o := answering(t, http.StatusOK, nil, `{"errors":true,"items":[`+strings.Join(items, ",")+`]}`).Send(t.Context(), recs)
	for i := range recs {
		if err := o.Err(i); err == nil || !strings.Contains(err.Error(), "document_parsing_exception") || len(err.Error()) > 1000 {
			t.Errorf("record %d has error %.200v", i, err)
		}
	}
}

// FuzzESAnswer compares the results with encoding/json: a document is acknowledged only
// if the answer is one JSON value that acknowledges it.
func FuzzESAnswer(f *testing.F) {
	for _, item := range []string{
		esTaken, `{"create":{"_id":"shardId-000000000000/4900/0","status":200,"error":null}}`, `{"index":{"status":201}}`,
		`{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [a] of type [long]"}}}`,
		`{"create":{"status":409,"error":{}}}`, `{"create":{"status":"201"}}`, `{}`, `null`, `[]`,
	} {
		f.Add(`{"took":1,"errors":false,"items":[` + item + `,` + esTaken + `]}`)
		f.Add(`{"items":[` + item + `,` + item + `],"errors":true} `)
		f.Add(`{"items":[` + item + `,` + item + `]}]`)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		o := answering(t, http.StatusOK, nil, answer).Send(t.Context(), sinktest.Numbered(2))
		var want struct {
			Items []map[string]struct {
				Status int
				Error  json.RawMessage
			}
		}
		whole := json.Unmarshal([]byte(answer), &want) == nil && len(want.Items) == 2
		for i := range 2 {
			if o.Err(i) != nil {
				continue
			}
			if !whole || len(want.Items[i]) != 1 {
				t.Fatalf("record %d counts as delivered", i)
			}
			item, ok := want.Items[i]["create"]
			taken := item.Status/100 == 2 && (len(item.Error) == 0 || string(item.Error) == "null")
			if !ok || !taken && item.Status != http.StatusConflict {
				t.Fatalf("record %d counts as delivered", i)
			}
		}
	})
}

// TestESRefusedOnce asserts that a request is sent once if the cluster will never take
// it.
func TestESRefusedOnce(t *testing.T) {
	calls := 0
	e := answering(t, http.StatusBadRequest, nil, `{"error":{"type":"illegal_argument_exception","reason":"Action/metadata line [1] contains an unknown parameter [_type]"}}`)
	next := e.client
	e.client = sinktest.Do(func(r *http.Request) (*http.Response, error) { calls++; return next.Do(r) })
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: e})
	if err != nil {
		t.Fatal(err)
	}
	if r := plan.Run(t.Context(), sinktest.Numbered(5)).Targets[0]; r.Failed != 5 || calls != 1 {
		t.Errorf("%d records failed after %d requests; want 5 after 1", r.Failed, calls)
	}
}
