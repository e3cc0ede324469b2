package alarms

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/lambda/metrics"
)

const queue = "arn:aws:sqs:eu-west-1:123456789012:failures"

func orders() *Function {
	self, _ := arn.Parse("arn:aws:lambda:eu-west-1:123456789012:function:orders")
	return &Function{ARN: self, Name: "orders", Metrics: metrics.ModeCloudWatch, Queue: queue}
}

// A function has the alarms that something feeds.
func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Function)
		want   string
	}{
		{"all", func(*Function) {}, "late failed diverted errors throttles lost queue"},
		{"log lines", func(f *Function) { f.Metrics = metrics.ModeEMF }, "late failed diverted errors throttles lost queue"},
		{"no metrics", func(f *Function) { f.Metrics = metrics.ModeNone }, "late errors throttles lost queue"},
		{"no queue", func(f *Function) { f.Queue = "" }, "late failed diverted errors throttles lost"},
		{"a queue of another region", func(f *Function) { f.Queue = strings.Replace(queue, "eu-", "us-", 1) }, "late failed diverted errors throttles lost"},
		{"queues to read", func(f *Function) {
			f.Sources = []string{
				"arn:aws:sqs:eu-west-1:123456789012:mail", "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "arn:aws:sqs:eu-west-1:123456789012:mail",
				"arn:aws:sqs:eu-west-1:210987654321:theirs", "arn:aws:sqs:us-east-1:123456789012:far", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
			}
		}, "late failed diverted errors throttles lost queue late-jobs.fifo late-mail"},
		{"a queue of another account", func(f *Function) { f.Queue = strings.Replace(queue, "123", "321", 1) }, "late failed diverted errors throttles lost"},
	} {
		f := orders()
		tt.change(f)
		var keys []string
		for _, a := range Of(f) {
			if keys = append(keys, a.Key); a.Name != "orders-"+a.Key || (a.Query == "") == (a.Metric == "") {
				t.Errorf("%s: %+v", tt.name, a)
			}
		}
		if got := strings.Join(keys, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// docs/metrics.md, which is held to the code, has every metric of fanout that is looked at,
// with the dimensions of a target; docs/operations.md has every alarm with its threshold.
func TestPages(t *testing.T) {
	page, operations := read(t, "metrics.md"), read(t, "operations.md")
	_, targets, _ := strings.Cut(page, "## Each target\n")
	targets, _, _ = strings.Cut(targets, "\n## ")
	if !strings.Contains(targets, "Dimensions: `Source`, `Target`, `Function`.") {
		t.Errorf("the dimensions of a target have changed:\n%s", targets)
	}
	f := orders()
	f.Sources = []string{"arn:aws:sqs:eu-west-1:123456789012:mail"}
	body, err := JSON(Dashboard(f, Of(f)))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`MetricName=\\"(\w+)\\"`).FindAllStringSubmatch(body, -1)
	for _, a := range Of(f) {
		names = append(names, regexp.MustCompile(`SUM\("(\w+)"\)`).FindAllStringSubmatch(a.Query, -1)...)
		above := fmt.Sprint(a.Threshold)
		switch a.Metric {
		case "IteratorAge":
			above = fmt.Sprintf("%d minutes", a.Threshold/60_000)
		case "ApproximateAgeOfOldestMessage":
			above, a.Key = fmt.Sprintf("%d minutes", a.Threshold/60), "late-QUEUE"
		}
		for _, want := range []string{fmt.Sprintf("| `NAME-%s` |", a.Key), fmt.Sprintf("above %s, %d minutes |", above, a.Periods*Period/60)} {
			if !regexp.MustCompile("(?m)^\\| `NAME-" + a.Key + "` .*" + regexp.QuoteMeta(strings.TrimPrefix(want, "| `NAME-"+a.Key+"`"))).MatchString(operations) {
				t.Errorf("docs/operations.md has no row with %s", want)
			}
		}
	}
	if len(names) != 8 {
		t.Errorf("the metrics looked at are %q", names)
	}
	for _, name := range names {
		if !strings.Contains(targets, "\n| `"+name[1]+"` |") {
			t.Errorf("no target has the metric %s", name[1])
		}
	}
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The body is JSON, with a line for each widget, and no widget covers another.
func TestDashboard(t *testing.T) {
	without := orders()
	without.Queue, without.Metrics = "", metrics.ModeNone
	reads, elsewhere := orders(), orders()
	reads.Sources = []string{"arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "arn:aws:sqs:eu-west-1:123456789012:mail"}
	elsewhere.Sources = []string{"arn:aws:sqs:eu-west-1:210987654321:jobs"} // CloudWatch does not see it
	for name, tt := range map[string]struct {
		f      *Function
		alarms []Alarm
		want   int
	}{
		"all": {orders(), Of(orders()), 11}, "no alarms": {orders(), nil, 10}, "little": {without, nil, 4},
		"queues": {reads, nil, 12}, "queues elsewhere": {elsewhere, nil, 10},
	} {
		widgets := Dashboard(tt.f, tt.alarms)
		body, err := JSON(widgets)
		if err != nil || strings.Count(body, "\n") != len(widgets)+2 || len(widgets) != tt.want {
			t.Errorf("%s: %d widgets, %v\n%s", name, len(widgets), err, body)
		}
		var read struct {
			Widgets []struct {
				Type                string
				X, Y, Width, Height int
			}
		}
		if err := json.Unmarshal([]byte(body), &read); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, body)
		}
		taken := make(map[[2]int]bool)
		for _, w := range read.Widgets {
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					if taken[[2]int{x, y}] || x >= columns {
						t.Fatalf("%s: two widgets are at %d, %d", name, x, y)
					}
					taken[[2]int{x, y}] = true
				}
			}
		}
	}
}

func TestCheckTopic(t *testing.T) {
	for _, tt := range []struct{ topic, region, want string }{
		{"arn:aws:sns:eu-west-1:123456789012:oncall", "", ""},
		{"arn:aws:sns:eu-west-1:999999999999:oncall", "eu-west-1", ""},
		{"arn:aws-cn:sns:cn-north-1:123456789012:oncall", "cn-north-1", ""},
		{"oncall", "", "must be the ARN of an SNS topic"},
		{"arn:aws:sqs:eu-west-1:123456789012:oncall", "", "must be the ARN of an SNS topic"},
		{"arn:aws:sns:eu-west-1:123456789012:oncall:0123", "", "must be the ARN of an SNS topic"},
		{"arn:aws:sns:eu-west-1:123456789012:oncall.fifo", "", "is a FIFO topic"},
		{"arn:aws:sns:us-east-1:123456789012:oncall", "eu-west-1", "is not in eu-west-1"},
	} {
		err := CheckTopic(tt.topic, tt.region)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.topic, err, tt.want)
		}
	}
}

func ExampleOf() {
	f := Function{Name: "orders", Metrics: metrics.ModeCloudWatch}
	f.ARN, _ = arn.Parse("arn:aws:lambda:eu-west-1:123456789012:function:orders")
	fmt.Println(Of(&f)[1].Query)
	// Output: SELECT SUM("Failed") FROM SCHEMA("Custom/FanOut", "Source", "Target", "Function") WHERE "Function" = 'orders'
}
