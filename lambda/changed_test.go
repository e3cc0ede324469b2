package lambda

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/memcachedfake"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/stages"
)

// hidden is in the data of each source record, and wherever else the source record repeats
// the data or adds to it. masked replaces the data.
const (
	hidden = "s3cr3t"
	masked = `{"masked":{"S":"yes"}}` // valid for every stage
)

// mask is a stage that replaces the data. keeps says that it declares the source record to
// be still valid, which is wrong.
type mask struct{ keeps bool }

func (mask) Name() string { return "mask" }

func (m mask) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		changed := r.With(engine.Bytes([]byte(masked)))
		if m.keeps {
			out.EmitWithSource(changed, r.Raw)
		} else {
			out.Emit(changed)
		}
	}
}

// changedSources are events of one record with hidden in it.
var changedSources = map[string]string{
	"arn:aws:kinesis:eu-west-1:123456789012:stream/orders": `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"49",` +
		`"data":"` + base64.StdEncoding.EncodeToString([]byte(`{"iban":"`+hidden+`"}`)) + `","approximateArrivalTimestamp":1545084650.987},` +
		`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:49","eventName":"aws:kinesis:record","awsRegion":"eu-west-1",` +
		`"eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}]}`,
	"arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026-03-01T09:00:00.000": `{"Records":[{"eventID":"1","eventName":"MODIFY","eventSource":"aws:dynamodb",` +
		`"dynamodb":{"Keys":{"id":{"S":"k"}},"NewImage":{"id":{"S":"k"},"v":{"S":"` + hidden + `"}},"OldImage":{"id":{"S":"k"},"v":{"S":"` + hidden + ` too"}},"SequenceNumber":"7"},` +
		`"eventSourceARN":"arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026-03-01T09:00:00.000"}]}`,
	"arn:aws:sns:eu-west-1:123456789012:alerts": `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:123456789012:alerts",` +
		`"Subject":"` + hidden + `","Message":"` + hidden + `","Timestamp":"2026-03-01T09:00:00.000Z",` +
		`"MessageAttributes":{"iban":{"Type":"String","Value":"` + hidden + `"},"raw":{"Type":"Binary","Value":"` + base64.StdEncoding.EncodeToString([]byte(hidden)) + `"}}}}]}`,
	"arn:aws:sqs:eu-west-1:123456789012:jobs": `{"Records":[{"messageId":"m","receiptHandle":"` + hidden + `","body":"` + hidden + `","attributes":{"SenderId":"` + hidden + `","SentTimestamp":"1545084650987"},` +
		`"messageAttributes":{"iban":{"stringValue":"` + hidden + `","dataType":"String"},"raw":{"binaryValue":"` + base64.StdEncoding.EncodeToString([]byte(hidden)) + `","dataType":"Binary"}},` +
		`"md5OfBody":"` + hidden + `","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:jobs","awsRegion":"eu-west-1"}]}`,
}

// changedTargets are the attributes of targets of every type. The function "down" and the
// queue "down" refuse everything, so their records go to onFailure.
func changedTargets(aws, redis, memcached, file, web string) []string {
	const sqs = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
	return []string{
		"type: kinesis, destination: out", "type: firehose, destination: out", "type: firehose, appendNewlines: true, destination: out",
		"type: sqs, destination: " + sqs + "out", "type: sqs, collapse: none, destination: " + sqs + "out", "type: sqs, collapse: concat-b64, destination: " + sqs + "out.fifo",
		"type: sns, destination: 'arn:aws:sns:eu-west-1:123456789012:out'", "type: sns, collapse: none, destination: 'arn:aws:sns:eu-west-1:123456789012:out'",
		"type: lambda, destination: out", "type: lambda, appendNewlines: true, destination: out", "type: lambda, deaggregate: true, convertDDB: true, destination: out",
		"type: es, destination: '" + aws + "#out'", "type: es, convertDDB: true, destination: '" + aws + "#out'",
		"type: iot, collapse: none, destination: 'abc-ats.iot.eu-west-1.amazonaws.com#out'", "type: iot, destination: 'abc-ats.iot.eu-west-1.amazonaws.com#out'",
		"type: memcached, destination: '" + memcached + "'", "type: redis, destination: '" + redis + "'", "type: file, destination: '" + file + "'",
		"type: http, destination: '" + web + "/message'", "type: http, collapse: none, destination: '" + web + "/record'",
		"type: lambda, destination: down, onFailure: sparequeue", "type: lambda, destination: down, onFailure: sparefunction",
		"type: sqs, collapse: none, destination: " + sqs + "down, onFailure: sparequeue", "type: sns, destination: 'arn:aws:sns:eu-west-1:123456789012:down', onFailure: sparefunction",
		"type: sqs, active: false, id: sparequeue, collapse: none, destination: " + sqs + "spare", "type: lambda, active: false, id: sparefunction, destination: spare",
	}
}

// receivers are the servers and the file behind changedTargets.
type receivers struct {
	aws       *awsfake.Server
	redis     *miniredis.Miniredis
	memcached *memcachedfake.Server
	file      string
	web       *web
}

// web is a web server. It keeps header and body of the last request to each path.
type web struct {
	*httptest.Server
	mu  sync.Mutex
	got map[string]string
}

func startWeb(t *testing.T) *web {
	t.Helper()
	w := &web{got: make(map[string]string)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got["http"+r.URL.Path] = fmt.Sprintf("%s %+v", body, r.Header)
	}))
	t.Cleanup(w.Close)
	return w
}

func startReceivers(t *testing.T) *receivers {
	t.Helper()
	aws, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	aws.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if strings.Contains(c.Destination, "down") {
			return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
		}
		return nil
	})
	memcached, err := memcachedfake.Start(memcachedfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(memcached.Close)
	return &receivers{aws, miniredis.RunT(t), memcached, filepath.Join(t.TempDir(), "out.jsonl"), startWeb(t)}
}

// got returns all that arrived, by place.
func (r *receivers) got(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, d := range r.aws.Destinations() {
		for _, rec := range r.aws.Records(d) {
			all[d] += fmt.Sprintf("%s %q %q %q %q %q %+v\n", rec.Data, rec.PartitionKey, rec.HashKey, rec.GroupID, rec.ID, rec.DeduplicationID, rec.Attributes)
		}
	}
	for _, key := range r.redis.Keys() {
		value, _ := r.redis.Get(key)
		all["redis"] += key + " " + value + "\n"
	}
	for key, item := range r.memcached.Items() {
		all["memcached"] += key + " " + string(item.Data) + "\n"
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Error(err)
	}
	all["file"] = string(text)
	r.web.mu.Lock()
	defer r.web.mu.Unlock()
	maps.Copy(all, r.web.got)
	return all
}

// deliverChanged sends the record of an event through changedTargets, with stage at the
// given place among each target's own stages: 0 is before them, 1 behind the first.
func deliverChanged(t *testing.T, source, text string, stage engine.Stage, place int) map[string]string {
	t.Helper()
	r := startReceivers(t)
	var file strings.Builder
	file.WriteString("targets:\n")
	for i, attributes := range changedTargets(r.aws.URL(), "redis://"+r.redis.Addr(), r.memcached.Address(), r.file, r.web.URL) {
		if !strings.Contains(attributes, "active:") {
			attributes += fmt.Sprintf(", active: true, id: t%d", i)
		}
		fmt.Fprintf(&file, "- {sourceArn: %q, %s}\n", source, attributes)
	}
	o := DefaultOptions()
	o.PrivateHosts, o.Metrics, o.TargetsFile = true, metrics.ModeNone, filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(o.TargetsFile, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := ConfigFromVariables(At(r.aws.URL()), o.InFlight)
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(o, cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	batches, err := event.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.planFor(t.Context(), source, batches[0].Kind)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.targets {
		target := &p.targets[i]
		target.Stages = slices.Insert(slices.Clone(target.Stages), min(place, before(target.Stages)), stage)
	}
	plan, err := engine.NewPlan(engine.Options{}, p.targets...)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range plan.Run(t.Context(), batches[0].Records).Targets {
		if result.Failed > 0 {
			t.Errorf("%s: failed: %v", result.ID, result.Failures)
		}
	}
	got := r.got(t)
	h.close(p.retire())
	return got
}

// before returns how many stages may come before one that changes data: all but the ones
// that merge.
func before(all []engine.Stage) int {
	i := slices.IndexFunc(all, func(s engine.Stage) bool { _, merges := s.(stages.Collapse); return merges })
	if i < 0 {
		return len(all)
	}
	return i
}

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{8,}=*`)

// mentions reports whether text holds word, also inside base64.
func mentions(text, word string) bool {
	if strings.Contains(text, word) {
		return true
	}
	return slices.ContainsFunc(base64Text.FindAllString(text, -1), func(inner string) bool {
		b, err := base64.StdEncoding.DecodeString(inner)
		return err == nil && mentions(string(b), word)
	})
}

// places are all that changedTargets deliver to.
var places = []string{
	"es/out", "file", "firehose/out", "http/message", "http/record", "iot/out", "kinesis/out", "lambda/out", "lambda/spare",
	"memcached", "redis", "sns/out", "sqs/out", "sqs/out.fifo", "sqs/spare",
}

// Replaced data arrives at no target, and the replacement arrives at all of them.
func TestChangedDataHidesTheOriginal(t *testing.T) {
	for source, text := range changedSources {
		for place := range 2 {
			t.Run(fmt.Sprint(source, place), func(t *testing.T) {
				got := deliverChanged(t, source, text, mask{}, place)
				for _, where := range places {
					if !mentions(got[where], `"masked"`) && !mentions(got[where], `\"masked\"`) {
						t.Errorf("%s did not get the replacement: %s", where, got[where])
					}
				}
				for where, text := range got {
					if mentions(text, hidden) {
						t.Errorf("%s got the original: %s", where, text)
					}
				}
			})
		}
	}
}

// The test above notices a stage that declares a source record that does not describe its
// output.
func TestChangedDataIsNoticed(t *testing.T) {
	for source, text := range changedSources {
		got := deliverChanged(t, source, text, mask{keeps: true}, 0)
		if !mentions(got["lambda/out"], hidden) || !mentions(got["lambda/spare"], hidden) {
			t.Errorf("%s: the functions got %s and %s", source, got["lambda/out"], got["lambda/spare"])
		}
	}
}
