//go:build integration

package integration

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"fanout/internal/console"
	"fanout/internal/provision/status"
)

// TestConsole opens the page of fanout ui in Chromium, with three functions: one that gets no
// records, one that delivers, and one with a target that is ill. It leaves pictures in
// ../.cache/console.
func TestConsole(t *testing.T) {
	if os.Getenv("CHROMIUM") == "" {
		t.Skip("there is no Chromium; see run.sh")
	}
	pictures := "../.cache/console"
	if err := os.MkdirAll(pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*status.Snapshot{"idle": idle(), "busy": busy(), "ill": ill()} {
		l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
		ctx, cancel := context.WithCancel(t.Context())
		c := console.Console{Read: func(context.Context) (*status.Snapshot, error) { return s, nil }, Every: 30 * time.Second, Late: 15 * time.Minute}
		address, ended := make(chan string, 1), make(chan error, 1)
		go func() { ended <- c.Serve(ctx, l, func(url string) { address <- url }) }()
		cmd := exec.CommandContext(ctx, "node", "console.mjs", <-address, name, pictures)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

const minutes = 60

// wave returns a value for each minute.
func wave(base, swing float64, shift int) []float64 {
	v := make([]float64, minutes)
	for i := range v {
		v[i] = math.Round(base + swing*math.Sin(float64(i+shift)/7) + swing/3*math.Sin(float64(i*i+shift)/3))
	}
	return v
}

func steady(value float64) []float64 {
	v := make([]float64, minutes)
	for i := range v {
		v[i] = value
	}
	return v
}

func total(v []float64) int {
	n := 0.0
	for _, x := range v {
		n += max(x, 0)
	}
	return int(n)
}

// sampled returns a target with counts that follow from its trend.
func sampled(id, typ, destination string, condition status.Condition, t status.Trend) status.Target {
	return status.Target{ID: id, Type: typ, Destination: destination, Condition: condition, Trend: t, Counts: &status.Counts{
		Delivered: total(t.Delivered), Diverted: total(t.Diverted), Failed: total(t.Failed),
	}}
}

// busy is a function with two sources, which delivers everything.
func busy() *status.Snapshot {
	base := wave(900, 300, 0)
	filtered := wave(240, 60, 4)
	records := total(base)
	alerts := total(wave(4, 3, 2))
	archive := sampled("archive", "firehose", "orders-archive", status.OK, status.Trend{Delivered: base, Diverted: steady(0), Failed: steady(0)})
	large := sampled("large-orders", "sqs", arnOf("sqs", "large-orders"), status.OK, status.Trend{Delivered: filtered, Diverted: steady(0), Failed: steady(0)})
	large.Counts.Filtered = records - large.Counts.Delivered
	search := sampled("search", "es", "search-orders-abcdefghijklmnop.eu-west-1.es.amazonaws.com#orders", status.OK, status.Trend{Delivered: base, Diverted: steady(0), Failed: steady(0)})
	mail := sampled("mail", "sqs", arnOf("sqs", "mail"), status.OK, status.Trend{Delivered: wave(4, 3, 2), Diverted: steady(0), Failed: steady(0)})
	ages := wave(0, 0, 0)
	for i := range ages {
		ages[i] = 0.8 + 0.6*math.Abs(math.Sin(float64(i)/5)) + float64(i%7)/10
	}
	at := time.Now().UTC().Truncate(time.Second)
	return &status.Snapshot{
		Function: "orders", Region: "eu-west-1", At: at, Period: 3600, Step: time.Minute, LogGroup: "/aws/lambda/orders",
		Verdict:  status.Verdict{State: status.Healthy, Text: fmt.Sprintf("%d records came in the last 1h, %d deliveries, the oldest waited 1.2s", records, 3*records)},
		Problems: []status.Problem{}, Failures: []status.Failure{}, Unknown: []status.Unknown{},
		Calls: &status.Calls{Invocations: 1420},
		Sources: []status.Source{
			{
				ARN: arnOf("kinesis", "stream/orders"), Name: "kinesis:orders", Mapping: &status.Mapping{UUID: "0", State: "Enabled", Result: "OK"},
				Age: &status.Age{Last: 1.2, Most: 2, At: at}, Records: &records, Ages: ages, Targets: []status.Target{archive, large, search},
			},
			{ARN: arnOf("sns", "alerts"), Name: "sns:alerts", Topic: true, Records: &alerts, Targets: []status.Target{mail}},
		},
	}
}

// idle is the same function without a record, as somebody sees it who may not read the table.
func idle() *status.Snapshot {
	s := busy()
	s.Verdict = status.Verdict{State: status.Healthy, Text: "no records in the last 1h"}
	s.Calls = &status.Calls{}
	s.Unknown = []status.Unknown{{What: "mappings", Why: "needs lambda:ListEventSourceMappings"}}
	for i := range s.Sources {
		source := &s.Sources[i]
		source.Age, source.Records, source.Ages = nil, new(int), steady(-1)
		for k := range source.Targets {
			t := &source.Targets[k]
			t.Condition, t.Counts = status.Idle, &status.Counts{}
			t.Trend = status.Trend{Delivered: steady(-1), Diverted: steady(-1), Failed: steady(-1)}
		}
	}
	return s
}

// ill is the function with a target whose queue is gone, and records behind it that wait.
func ill() *status.Snapshot {
	s := busy()
	source := &s.Sources[0]
	broken := &source.Targets[1]
	failed := steady(0)
	for i := minutes - 22; i < minutes; i++ {
		failed[i], broken.Trend.Delivered[i] = 40, 0
		source.Ages[i] = float64(i-minutes+22)*60 + 20
	}
	broken.Trend.Failed, broken.Condition = failed, status.Fails
	broken.Counts.Failed, broken.Counts.Delivered = total(failed), total(broken.Trend.Delivered)
	source.Age = &status.Age{Last: source.Ages[minutes-1], Most: source.Ages[minutes-1], At: s.At}
	source.Mapping.Result = "PROBLEM: Function call failed"
	for i := range 6 {
		s.Failures = append(s.Failures, status.Failure{
			At: s.At.Add(-time.Duration(i*47) * time.Second), Source: source.ARN, Target: broken.ID, Class: "permanent", Records: 40,
			Error: "sqs large-orders: AWS.SimpleQueueService.NonExistentQueue: the queue does not exist: create it, or correct the destination",
			Shard: "shardId-000000000000", Sequence: "49590338271490256608559692538361571095921575989136588898", RequestID: "8f7a2c1e-6b1d-4b7e-9c1f-2d9e3a4b5c6d",
			Remedy: "Lambda sends the record again until it expires; set onFailure to a target that takes such records",
		})
	}
	broken.LastError = &s.Failures[0]
	doctor := "fanout doctor --function orders"
	s.Problems = []status.Problem{
		{State: status.Failing, Subject: "target kinesis:orders/large-orders", Text: fmt.Sprintf("%d records failed in the last 1h: %s", broken.Counts.Failed, broken.LastError.Error), Do: "run " + doctor, Commands: []string{doctor}},
		{State: status.Late, Subject: "source kinesis:orders", Text: "its oldest record had waited 21m20s when the function got it 12s ago", Do: "mend the target that fails; it holds up the records behind its own"},
	}
	s.Verdict = status.Verdict{State: status.Failing, Text: s.Problems[0].Subject + ": " + s.Problems[0].Text + " (and 1 more)", Do: s.Problems[0].Do, Commands: s.Problems[0].Commands}
	return s
}
