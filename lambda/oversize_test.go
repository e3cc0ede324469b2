package lambda_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/redrive"
	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// small and large are records, one below and one above the limit of the targets here.
var small, large = []byte(`{"n":1,"type":"s"}`), fmt.Appendf(nil, `{"n":2,"type":"l","text":%q}`, strings.Repeat("x", 5000))

// claims returns YAML of a target of type sqs that stores records of more than 1,000 bytes.
func claims(to, attributes string) string {
	return `id: t, type: sqs, collapse: none, maxRecordBytes: 1000, oversize: "s3://big/claims", destination: "` + queue + to + `", ` + attributes
}

// referencesIn returns the references at a destination, and the number of other records.
func (a *account) referencesIn(destination string) (all []sinks.Reference, others int) {
	a.t.Helper()
	for _, r := range a.Records(destination) {
		var ref sinks.Reference
		if err := json.Unmarshal(r.Data, &ref); err != nil || ref.Version == 0 {
			others++
			continue
		}
		all = append(all, ref)
	}
	return all, others
}

// object returns the object of a reference.
func (a *account) object(ref *sinks.Reference) []byte {
	a.t.Helper()
	for _, o := range a.Records("s3/" + ref.Bucket) {
		if o.Key == ref.Key {
			return o.Data
		}
	}
	a.t.Errorf("there is no object %s", ref.Key)
	return nil
}

// A record that is too large goes to the bucket, and a reference to the target, with key, group, id
// and attributes of the record.
func TestOversizeByReference(t *testing.T) {
	const attributes = `parallel: false, attributes: {type: "${.type}"}`
	a := open(t, targets(orders, claims("out.fifo", attributes)))
	event := orderEvent(small, large, small)
	results := a.handle(event)
	if got := results[0].Report.Targets[0]; got.Delivered != 3 || got.Referenced != 1 || got.Failed > 0 {
		t.Fatalf("%+v", got)
	}
	refs, others := a.referencesIn("sqs/out.fifo")
	if len(refs) != 1 || others != 2 || !bytes.Equal(a.object(&refs[0]), large) {
		t.Fatalf("references %+v, and %d other records", refs, others)
	}
	if want := "claims/kinesis-orders/1970/01/01/00/shardId-000000000000-49590338271490257-"; !strings.HasPrefix(refs[0].Key, want) {
		t.Errorf("the object is %s", refs[0].Key)
	}
	plain := open(t, targets(orders, strings.Replace(claims("out.fifo", attributes), "maxRecordBytes: 1000, ", "", 1)))
	plain.deliver(event)
	want, got := plain.Records("sqs/out.fifo"), a.Records("sqs/out.fifo")
	for i := range want {
		want[i].Data, got[i].Data = nil, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-plain records +with a reference)\n%s", diff)
	}
	if line := a.log.String(); !strings.Contains(line, `"referenced":1`) {
		t.Errorf("the log has %s", line)
	}
}

// The attributes of a notification go with the reference.
func TestReferencesKeepAttributes(t *testing.T) {
	a := open(t, targets(alerts, claims("out", "")))
	event := eventOf(notification{"m1", string(large)})
	event = strings.Replace(event, `"MessageId"`, `"MessageAttributes":{"a":{"Type":"Number","Value":"7"}},"MessageId"`, 1)
	a.deliver(event)
	got := a.Records("sqs/out")[0]
	if got.Attributes["a"] != (awsfake.Attribute{Type: "Number", Value: "7"}) || len(got.Data) > 1000 {
		t.Errorf("%+v", got)
	}
}

// While the bucket does not acknowledge a record, no reference goes. The batch that comes again
// writes the same object.
func TestOversizeFaults(t *testing.T) {
	a := open(t, targets(orders, claims("out", "parallel: false")), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
	down := "s3"
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Service == down {
			return &awsfake.Fault{Code: "AccessDenied", Status: 403}
		}
		return nil
	})
	event := orderEvent(large, small)
	if got := a.answer(event); !strings.Contains(got, "49590338271490256") {
		t.Errorf("the answer is %s", got)
	}
	if refs, _ := a.referencesIn("sqs/out"); len(refs) > 0 || !strings.Contains(a.log.String(), "could not be stored: s3 big: AccessDenied: access is denied") {
		t.Errorf("references %v; the log is %s", refs, a.log.String())
	}
	down = "sqs" // the object is stored, and the reference fails
	if got := a.answer(event); !strings.Contains(got, "49590338271490256") {
		t.Errorf("the answer is %s", got)
	}
	stored := a.Records("s3/big")
	down = ""
	if got := a.answer(event); got != `{"batchItemFailures":[]}` {
		t.Errorf("the answer is %s", got)
	}
	refs, _ := a.referencesIn("sqs/out")
	if diff := cmp.Diff(stored, a.Records("s3/big")); diff != "" || len(refs) != 1 || !bytes.Equal(a.object(&refs[0]), large) {
		t.Errorf("references %+v; the objects changed: %s", refs, diff)
	}
}

// A reference is written as the records are.
func TestReferencesAreWrittenLikeRecords(t *testing.T) {
	a := open(t, targets(orders,
		`id: lines, type: firehose, destination: lines, appendNewlines: true, oversize: "s3://big"`,
		`id: packed, type: kinesis, destination: packed, compress: gzip, maxRecordBytes: 400, oversize: "s3://big"`,
		`id: many, type: sqs, maxRecordBytes: 1000, oversize: "s3://big", destination: "`+queue+`many"`))
	random := make([]byte, 1<<20)
	for i := range random {
		random[i] = byte(i * i * i >> 7)
	}
	a.deliver(orderEvent(random))
	a.deliver(orderEvent(small, large, small))

	refs, _ := a.referencesIn("firehose/lines")
	if line := a.Records("firehose/lines")[0].Data; len(refs) != 1 || !bytes.HasSuffix(line, []byte("}\n")) || !bytes.Equal(a.object(&refs[0]), append(random, '\n')) {
		t.Errorf("firehose got %q", line)
	}
	refs, others := a.referencesIn("sqs/many")
	if len(refs) != 2 || others != 2 || !bytes.Equal(a.object(&refs[1]), fmt.Appendf(nil, `{"Records":[%s]}`, large)) {
		t.Errorf("references %+v, and %d messages", refs, others)
	}
	r, err := gzip.NewReader(bytes.NewReader(a.Records("kinesis/packed")[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	var ref sinks.Reference
	if text, err := io.ReadAll(r); err != nil || json.Unmarshal(text, &ref) != nil || ref.Encoding != "gzip" || len(a.object(&ref)) != ref.Bytes {
		t.Errorf("kinesis got %s, %v", text, err)
	}
}

// An envelope that is too large for onFailure goes to the bucket, and a redrive reads it back. An
// object that is missing or another one leaves the envelope undone, with a sentence.
func TestOversizeEnvelopes(t *testing.T) {
	const refused = `id: t, onFailure: dead, type: kinesis, destination: out, oversize: "s3://big"`
	failures := func(attributes string) string {
		return fmt.Sprintf("- {sourceArn: %q, active: false, maxRecordBytes: 1500, %s%s}\n", orders, dead, attributes)
	}
	for name, yaml := range map[string]string{
		"of the target":    targets(orders, refused) + failures(""),
		"of its onFailure": targets(orders, strings.Replace(refused, `, oversize: "s3://big"`, "", 1)) + failures(`, oversize: "s3://big"`),
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, yaml)
			a.OnCall(func(c awsfake.Call) *awsfake.Fault {
				if c.Service == "kinesis" {
					return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
				}
				return nil
			})
			a.deliver(orderEvent(small, large))
			all := a.envelopes()
			if len(all) != 2 || all[0].Reference != nil || all[1].Reference == nil || all[1].Data != nil || all[1].Class != "permanent" {
				t.Fatalf("%+v", all)
			}
			a.OnCall(nil)
			again := func(n int, says string) {
				t.Helper()
				reasons := a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{}), orders, all[1:], n)
				if !strings.Contains(strings.Join(reasons, " "), says) {
					t.Errorf("the reasons are %q", reasons)
				}
			}
			intact := *all[1].Reference
			all[1].Reference.Key = "gone"
			again(0, "the object gone of the bucket big is missing")
			*all[1].Reference = intact
			all[1].Reference.SHA256 = strings.Repeat("0", 64)
			again(0, "is not the one that was stored")
			*all[1].Reference = intact
			all[1].Reference.Bucket = "strange"
			again(0, "which no target of the source has as oversize")
			*all[1].Reference = intact
			all[1].Sequence = "1"
			again(0, "is not the envelope")
			all[1].Sequence = "49590338271490257"
			again(1, "")
			if got := a.Records("kinesis/out"); len(got) != 1 || !bytes.Equal(got[0].Data, large) {
				t.Errorf("the target got %d records", len(got))
			}
		})
	}
}

// With parallel: false, a redrive sends no envelope behind one of its key whose object is missing.
func TestMissingObjectBlocksItsKey(t *testing.T) {
	a := open(t, targets(orders, claims("out", "parallel: false, onFailure: dead"))+inactive(orders))
	all := make([]envelope.Envelope, 3)
	for i, key := range []string{"k", "k", "other"} {
		all[i] = envelope.Envelope{Version: 1, Source: orders, Target: "t", Shard: "s", Sequence: fmt.Sprint(9 + i), Key: key, Data: small, Staged: true}
	}
	all[0].Data, all[0].Reference = nil, &sinks.Reference{Version: 1, Bucket: "big", Key: "gone", Bytes: 1}
	r := redrive.NewDelivery(a.Handler, sinks.Spec{})
	a.redrive(r, orders, all, 1)
	if n := len(a.Records("sqs/out")); n != 1 {
		t.Errorf("%d records went", n)
	}
}

// The plan of a source says which targets store records, and calls nothing.
func TestExplainOversize(t *testing.T) {
	a := open(t, targets(orders, claims("out", "")))
	text, err := a.Explain(t.Context(), orders)
	if err != nil || !strings.Contains(text, "≤ 1000 bytes per record, larger ones by reference\n") {
		t.Errorf("%s, %v", text, err)
	}
	if n := len(a.Calls()); n > 0 {
		t.Errorf("it made %d calls", n)
	}
}
