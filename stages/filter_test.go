package stages_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/jsonscan"
	"fanout/internal/pattern"
	"fanout/stages"
)

// filterOf returns the Filter for a pattern.
func filterOf(t *testing.T, text, source string, plain bool) stages.Filter {
	t.Helper()
	f, err := stages.NewFilter(text, source, plain)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// passed says what s made of a record: emitted, filtered or an error.
func passed(t *testing.T, s engine.Stage, r engine.Record) string {
	t.Helper()
	out := engine.Apply(t.Context(), s, []engine.Record{r})
	switch {
	case len(out.Emitted) == 1:
		return "emitted"
	case len(out.Dropped) == 1:
		return out.Dropped[0].Err.Error()
	case len(out.Failed) == 1:
		return out.Failed[0].Err.Error()
	}
	return "nothing"
}

const kinesisOrder = `{"type":"order.paid","total":12.5,"customer":{"id":"c-1"},"lines":[{"sku":"A","n":1},{"sku":"B","n":9}]}`

func kinesisRecord(data string) engine.Record {
	return engine.Record{Key: "k 1", Data: engine.Base64(engine.Bytes([]byte(data)).Text()), Lane: lane, Seq: "495/0a1b", Action: "PUT", Arrived: 1545084650987}
}

func TestFilterOfKinesis(t *testing.T) {
	for _, tt := range []struct {
		data, pattern string
		want          bool
	}{
		{kinesisOrder, `{"data":{"type":["order.paid"]}}`, true},
		{kinesisOrder, `{"data":{"type":["order.placed"]}}`, false},
		{kinesisOrder, `{"data.customer.id":["c-1"]}`, true},
		{kinesisOrder, `{"data":{"lines":{"sku":["A"],"n":[9]}}}`, false},
		{kinesisOrder, `{"data":{"total":[{"numeric":[">",12,"<=",12.5]}]},"partitionKey":["k 1"]}`, true},
		{kinesisOrder, `{"data":{"missing":[{"exists":false}]}}`, true},
		{kinesisOrder, `{"partitionKey":[{"prefix":"k"}]}`, true},
		{kinesisOrder, `{"partitionKey":["495"]}`, false},
		{kinesisOrder, `{"sequenceNumber":["495"]}`, true},
		{kinesisOrder, `{"eventID":[{"wildcard":"shardId-*1:495"}]}`, true},
		{kinesisOrder, `{"approximateArrivalTimestamp":[1545084650.987]}`, true},
		{kinesisOrder, `{"kinesisSchemaVersion":["1.0"],"eventSource":["aws:kinesis"]}`, true},
		{kinesisOrder, `{"$or":[{"partitionKey":["x"]},{"data":{"total":[12.5]}}]}`, true},
		{"not JSON", `{"data":{"type":[{"exists":false}]}}`, false},
		{"not JSON", `{"$or":[{"partitionKey":["k 1"]},{"data":{"total":[12.5]}}]}`, false},
		{"not JSON", `{"partitionKey":["k 1"]}`, true},
		{kinesisOrder + ",", `{"data":{"type":["order.paid"]}}`, false},
		{"\xff", `{"data":{"type":[{"exists":false}]}}`, false},
		{"", `{"data":{"type":[{"exists":false}]}}`, false},
		{"[]", `{"data":{"type":[{"exists":false}]}}`, true},
	} {
		f, want := filterOf(t, tt.pattern, "kinesis", false), "filtered"
		if tt.want {
			want = "emitted"
		}
		r := kinesisRecord(tt.data)
		if got := passed(t, f, r); got != want {
			t.Errorf("%s on %s: %s", tt.pattern, tt.data, got)
		}
		if got := passed(t, f, r.With(engine.Bytes([]byte(tt.data)))); got != want {
			t.Errorf("%s on %s in bytes: %s", tt.pattern, tt.data, got)
		}
	}
	early := kinesisRecord("{}")
	for arrived, text := range map[int64]string{0: "", 7: "0.007", 2000: "2", 10050: "10.05"} {
		early.Arrived = arrived
		want := `{"exists":true}`
		if text == "" {
			want, text = `{"exists":false}`, want
		}
		for value, result := range map[string]string{want: "emitted", text: "emitted", "3": "filtered"} {
			if text == `{"exists":true}` && value == text {
				result = "filtered"
			}
			if got := passed(t, filterOf(t, `{"approximateArrivalTimestamp":[`+value+`]}`, "kinesis", false), early); got != result {
				t.Errorf("%d with %s: %s", arrived, value, got)
			}
		}
	}
}

const (
	changedRaw = `{"eventID":"e1","eventName":"MODIFY","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","userIdentity":{"type":"Service"},` +
		`"dynamodb":{"Keys":{"id":{"S":"1"}},"NewImage":{"id":{"S":"1"},"total":{"N":"10"}},"OldImage":{"id":{"S":"1"},"total":{"N":"5"}},"SequenceNumber":"77","SizeBytes":30}}`
	removedRaw = `{"eventName":"REMOVE","eventSource":"aws:dynamodb","dynamodb":{"Keys":{"id":{"S":"1"}},"OldImage":{"id":{"S":"1"},"total":{"N":"5"}},"SequenceNumber":"78"}}`
)

func changed(raw string) engine.Record {
	r := engine.Record{Key: "1", Lane: "table", Seq: "77", Action: "MODIFY", Raw: []byte(raw), Data: engine.Bytes([]byte(`{"id":{"S":"1"},"total":{"N":"10"}}`))}
	if raw == removedRaw {
		r.Seq, r.Action, r.Data = "78", "REMOVE", engine.Bytes([]byte(`{"id":{"S":"1"}}`))
	}
	return r
}

func TestFilterOfDynamoDB(t *testing.T) {
	for _, tt := range []struct {
		raw, pattern string
		plain, want  bool
	}{
		{changedRaw, `{"eventName":["MODIFY"]}`, false, true},
		{changedRaw, `{"eventName":["INSERT"]}`, false, false},
		{changedRaw, `{"dynamodb":{"NewImage":{"total":{"N":["10"]}}}}`, false, true},
		{changedRaw, `{"dynamodb":{"OldImage":{"total":{"N":["5"]}},"Keys":{"id":{"S":["1"]}}}}`, false, true},
		{changedRaw, `{"userIdentity":{"type":["Service"]},"eventID":["e1"],"dynamodb":{"SizeBytes":[30],"SequenceNumber":["77"]}}`, false, true},
		{changedRaw, `{"dynamodb":{"NewImage":{"total":[{"numeric":[">",9]}]}}}`, true, true},
		{changedRaw, `{"dynamodb":{"NewImage":{"total":{"N":["10"]}}}}`, true, false},
		{changedRaw, `{"dynamodb":{"OldImage":{"total":[5]},"Keys":{"id":["1"]}},"eventName":["MODIFY"],"eventSource":["aws:dynamodb"]}`, true, true},
		{changedRaw, `{"userIdentity":{"type":["Service"]},"eventID":["e1"],"dynamodb":{"SizeBytes":[30],"SequenceNumber":["77"]}}`, true, true},
		{changedRaw, `{"userIdentity":{"principalId":[{"exists":true}]}}`, true, false},
		{removedRaw, `{"dynamodb":{"NewImage":{"id":[{"exists":false}]},"OldImage":{"total":[5]},"Keys":{"id":["1"]}}}`, true, true},
		{removedRaw, `{"dynamodb":{"NewImage":{"id":{"S":[{"exists":false}]}}}}`, false, true},
	} {
		in := []engine.Record{changed(tt.raw)}
		if tt.plain {
			in = engine.Apply(t.Context(), stages.ConvertDDB{}, in).Emitted
		}
		want := "filtered"
		if tt.want {
			want = "emitted"
		}
		if got := passed(t, filterOf(t, tt.pattern, "dynamodb", tt.plain), in[0]); got != want {
			t.Errorf("%s on %s, plain %t: %s", tt.pattern, tt.raw, tt.plain, got)
		}
	}
}

func TestFilterOfSNS(t *testing.T) {
	raw := `{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"arn:sub","Sns":{"Subject":"Fire","Message":"{\"level\": 3}",` +
		`"MessageId":"m1","TopicArn":"arn:t","MessageAttributes":{"kind":{"Type":"String","Value":"alarm"}}}}`
	for _, tt := range []struct {
		message, pattern string
		want             bool
	}{
		{`{"level": 3}`, `{"Sns":{"Message":{"level":[{"numeric":[">=",3]}]}}}`, true},
		{`{"level": 2}`, `{"Sns":{"Message":{"level":[{"numeric":[">=",3]}]}}}`, false},
		{`smoke`, `{"Sns":{"Message":{"level":[{"exists":false}]}}}`, false},
		{`smoke`, `{"Sns":{"Message":["smoke"]}}`, true},
		{`smoke`, `{"Sns":{"MessageAttributes":{"kind":{"Value":["alarm"]}},"Subject":["Fire"],"MessageId":["m1"]}}`, true},
		{`smoke`, `{"Sns":{"Subject":["Water"]}}`, false},
		{`smoke`, `{"EventSource":["aws:sns"],"EventSubscriptionArn":["arn:sub"]}`, true},
		{`smoke`, `{"Sns":{"Type":[{"exists":true}]}}`, false},
	} {
		r := engine.Record{Key: "m1", Lane: "topic", Seq: "m1", Action: "NOTIFICATION", Raw: []byte(raw), Data: engine.Bytes([]byte(tt.message))}
		want := "filtered"
		if tt.want {
			want = "emitted"
		}
		if got := passed(t, filterOf(t, tt.pattern, "sns", false), r); got != want {
			t.Errorf("%s on %s: %s", tt.pattern, tt.message, got)
		}
	}
}

// A record without its source record is judged by what it has. If that does not suffice,
// it fails: nothing is filtered by mistake.
func TestFilterOfSQS(t *testing.T) {
	order := messageOf(queuedRaw)
	order.Data = engine.Bytes([]byte(kinesisOrder))
	for text, want := range map[string]string{
		`{"body":{"type":["order.paid"]}}`:                                           "emitted",
		`{"body":{"type":["order.placed"]}}`:                                         "filtered",
		`{"messageAttributes":{"kind":{"stringValue":["order"]}}}`:                   "emitted",
		`{"attributes":{"MessageGroupId":["h"]}}`:                                    "filtered",
		`{"attributes":{"MessageDeduplicationId":["d1"]},"eventSource":["aws:sqs"]}`: "emitted",
	} {
		if got := passed(t, filterOf(t, text, "sqs", false), order); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	plain := messageOf(queuedRaw)
	plain.Data = engine.Bytes([]byte("hello"))
	if got := passed(t, filterOf(t, `{"body":["hello"]}`, "sqs", false), plain); got != "emitted" {
		t.Error(got)
	}
	const want = "the filter looks at attributes, which only the source record has"
	if got := passed(t, filterOf(t, `{"attributes":{"SenderId":["s"]}}`, "sqs", false), plain.With(plain.Data)); !strings.HasPrefix(got, want) {
		t.Error(got)
	}
	if _, err := stages.NewFilter(`{"attributes":{"MessageGroup":["g"]},"data":{"a":[1]}}`, "sqs", false); err == nil ||
		!strings.Contains(err.Error(), "did you mean MessageGroupId?") && !strings.Contains(err.Error(), "did you mean attributes.MessageGroupId?") ||
		!strings.Contains(err.Error(), "data: an SQS record has no such field; write one of body, ") {
		t.Error(err)
	}
}

func TestFilterWithoutSourceRecord(t *testing.T) {
	item := engine.Record{Key: "1", Seq: "7", Action: "INSERT", Data: engine.Bytes([]byte(`{"total":1}`))}
	gone := engine.Record{Key: "1", Seq: "7", Action: "REMOVE", Data: engine.Bytes([]byte(`{"id":"1"}`))}
	notice := engine.Record{Key: "m1", Action: "NOTIFICATION", Data: engine.Bytes([]byte("smoke"))}
	broken := changed(strings.Replace(changedRaw, `"OldImage":{"id":{"S":"1"}`, `"OldImage":{"id":{"S":1}`, 1))
	for _, tt := range []struct {
		source, pattern string
		r               engine.Record
		want            string
	}{
		{"dynamodb", `{"dynamodb":{"NewImage":{"total":[1]}},"eventName":["INSERT"]}`, item, "emitted"},
		{"dynamodb", `{"dynamodb":{"NewImage":{"total":[1]}}}`, gone, "filtered"},
		{"dynamodb", `{"dynamodb":{"OldImage":{"total":[1]}},"eventID":["e"]}`, item, "the filter looks at eventID, dynamodb.OldImage, which only the source record has, and an earlier stage or an envelope left it out"},
		{"sns", `{"Sns":{"Message":["smoke"],"MessageId":["m1"]}}`, notice, "emitted"},
		{"sns", `{"Sns":{"Subject":["Fire"]}}`, notice, "the filter looks at Sns.Subject, which only the source record has, and an earlier stage or an envelope left it out"},
		{"dynamodb", `{"dynamodb":{"OldImage":{"id":["1"]}}}`, broken, "the filter cannot read an image of the source record: the data is not DynamoDB JSON: a string is missing, at byte 11 of attribute id"},
	} {
		if got := passed(t, filterOf(t, tt.pattern, tt.source, true), tt.r); got != tt.want {
			t.Errorf("%s: %s", tt.pattern, got)
		}
	}
}

func TestFilterFaults(t *testing.T) {
	for _, tt := range []struct{ source, pattern, want string }{
		{"kinesis", `{"dat":{"type":["a"]}}`, "dat: a Kinesis record has no such field; did you mean data?"},
		{"kinesis", `{"eventName":["a"],"PartitionKey":["k"]}`, "PartitionKey: a Kinesis record has no such field; did you mean partitionKey?\n" +
			"eventName: a Kinesis record has no such field; write one of data, partitionKey, sequenceNumber, approximateArrivalTimestamp, kinesisSchemaVersion, eventID, eventSource, or for a field of the data {\"data\": {\"eventName\": …}}"},
		{"dynamodb", `{"order":["x"]}`, `order: a DynamoDB record has no such field; write one of eventName, dynamodb, userIdentity, eventID, eventSource, eventVersion, eventSourceARN, awsRegion, or for a field of the data {"dynamodb": {"NewImage": {"order": …}}}`},
		{"sns", `{"order":["x"]}`, `order: an SNS record has no such field; write one of Sns, EventSource, EventVersion, EventSubscriptionArn, or for a field of the data {"Sns": {"Message": {"order": …}}}`},
		{"kinesis", `{"data":["a"]}`, `data: is a list of values, but a filter looks into data as JSON; write an object of fields, such as {"data": {"type": ["order"]}}`},
		{"dynamodb", `{"dynamodb":{"NewImages":{"a":["b"]}}}`, "dynamodb.NewImages: a DynamoDB record has no such field; did you mean dynamodb.NewImage?"},
		{"dynamodb", `{"dynamodb":["a"]}`, `dynamodb: is an object in a DynamoDB record, which no value matches; write an object of fields, such as {"dynamodb": {"Keys": …}}`},
		{"sns", `{"sns":{"Message":["a"]}}`, "sns: an SNS record has no such field; did you mean Sns?"},
		{"", `{"anything":["a"]}`, ""},
		{"", `{"a":[{"prefx":"b"}],"b":[]}`, "a[0].prefx: is not an operator here; did you mean prefix?\nb: is an empty list, which nothing matches; write at least one value"},
		{"kinesis", `{"data":`, "the pattern is not JSON: line 1, column 9 (byte 8): the data ends too early"},
	} {
		_, err := stages.NewFilter(tt.pattern, tt.source, false)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.pattern, got, tt.want)
		}
	}
}

// Filters of the same pattern are equal, and are forgotten when nothing uses them.
func TestFiltersAreShared(t *testing.T) {
	text := `{"partitionKey":["shared"]}`
	a, b := filterOf(t, text, "kinesis", false), filterOf(t, text, "kinesis", true)
	if a != b || a == filterOf(t, text, "", false) || a.Name() != "filter" || a.String() != "filter "+text {
		t.Errorf("%v and %v", a, b)
	}
	long := filterOf(t, `{"partitionKey":["`+strings.Repeat("é", 80)+`"]}`, "kinesis", false).String()
	if n := utf8.RuneCountInString(long); n != len("filter ")+81 {
		t.Errorf("%d characters: %s", n, long)
	}
	runtime.KeepAlive(a)
	if err := engineDraws(t, a); err != "" {
		t.Error(err)
	}
}

// engineDraws checks that a plan shows the pattern of a filter.
func engineDraws(t *testing.T, f stages.Filter) string {
	t.Helper()
	p, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Stages: []engine.Stage{f}, Sink: &enginetest.Sink{}})
	if err != nil {
		return err.Error()
	}
	if got := p.String(); !strings.Contains(got, f.String()) {
		return "the plan is\n" + got
	}
	return ""
}

func TestFilterStage(t *testing.T) {
	in := []engine.Record{kinesisRecord(kinesisOrder), kinesisRecord("{}"), kinesisRecord("x"), kinesisRecord(strings.Repeat(" ", 1<<20) + kinesisOrder)}
	for i := range in {
		in[i].Seq = fmt.Sprint(i)
	}
	enginetest.CheckStage(t, filterOf(t, `{"data":{"type":["order.paid"]}}`, "kinesis", false), in)
	enginetest.CheckStage(t, filterOf(t, `{"dynamodb":{"OldImage":{"total":[5]}}}`, "dynamodb", true), []engine.Record{changed(changedRaw), changed(removedRaw)})
}

// The filter sees a Kinesis record as an event in JSON, whatever its data is, and images
// as ConvertDDB does.
func FuzzFilter(f *testing.F) {
	f.Add(`{"data":{"type":["order.paid"]}}`, kinesisOrder, "key")
	f.Add(`{"data":{"a":[{"exists":false}]},"partitionKey":[{"anything-but":"k"}]}`, "[]", "k")
	f.Add(`{"dynamodb":{"OldImage":{"total":[5]}}}`, changedRaw, "")
	f.Add(`{"Sns":{"Message":{"a":["b"]}}}`, `{"a":"b"}`, "")
	f.Fuzz(func(t *testing.T, text, data, key string) {
		filterKinesis(t, text, data, key)
		filterImages(t, text, data)
		if s, err := stages.NewFilter(text, "sns", false); err == nil {
			r := engine.Record{Key: key, Action: "NOTIFICATION", Data: engine.Bytes([]byte(data)), Raw: []byte(data)}
			if got := passed(t, s, r); got != "emitted" && got != "filtered" {
				t.Errorf("%s on %q: %s", text, data, got)
			}
		}
	})
}

func filterKinesis(t *testing.T, text, data, key string) {
	s, err := stages.NewFilter(text, "kinesis", false)
	if err != nil || !utf8.ValidString(key) {
		return
	}
	p, err := pattern.Compile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := kinesisRecord(data)
	r.Key = key
	got, want := passed(t, s, r), "filtered"
	name, _ := json.Marshal(key)
	event := fmt.Sprintf(`{"partitionKey":%s,"data":%s,"sequenceNumber":"495","approximateArrivalTimestamp":1545084650.987,"kinesisSchemaVersion":"1.0","eventID":"%s:495","eventSource":"aws:kinesis"}`, name, data, lane)
	if !jsonscan.Valid([]byte(data)) {
		event = strings.Replace(event, `"data":`+data+",", "", 1)
		if len(p.Names("data")) > 0 {
			event = "no event"
		}
	}
	if p.MatchJSON([]byte(event)) {
		want = "emitted"
	}
	if got != want {
		t.Errorf("%s on %q: %s, want %s", text, data, got, want)
	}
}

func filterImages(t *testing.T, text, data string) {
	plain, err := stages.NewFilter(text, "dynamodb", true)
	if err != nil || !json.Valid([]byte(data)) || !utf8.ValidString(data) {
		return
	}
	other, err := stages.NewFilter(text, "dynamodb", false)
	if err != nil {
		t.Fatal(err)
	}
	var change struct {
		Dynamodb struct{ NewImage json.RawMessage }
	}
	if json.Unmarshal([]byte(data), &change) != nil || !strings.Contains(data, `"NewImage"`) {
		return
	}
	r := engine.Record{Key: "1", Seq: "77", Action: "MODIFY", Raw: []byte(data), Data: engine.Bytes(change.Dynamodb.NewImage)}
	converted := engine.Apply(t.Context(), stages.ConvertDDB{}, []engine.Record{r}).Emitted
	inside := engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, []engine.Record{r}).Emitted
	if len(converted) == 0 || len(inside) == 0 || !strings.Contains(data, `"eventName":"MODIFY","eventSource":"aws:dynamodb"`) || strings.Count(data, `"eventName"`) != 1 || strings.Count(data, `"SequenceNumber":"77"`) != 1 {
		return
	}
	if got, want := passed(t, plain, converted[0]), passed(t, other, inside[0]); got != want && !strings.Contains(got, "cannot read") {
		t.Errorf("%s on %s: %s after the data alone is converted, %s after the source record is", text, data, got, want)
	}
}
