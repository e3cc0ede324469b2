package poll

import (
	"strings"
	"testing"
	"time"
)

func TestEveryFaultAtOnce(t *testing.T) {
	bad := Options{
		Start:     AtTimestamp(time.Now().Add(time.Hour)),
		BatchSize: 10_001,
		Shards:    -1,
		Timeout:   -1,
		Interval:  199 * time.Millisecond,
	}
	for _, s := range []struct {
		name string
		err  error
		want []string
	}{
		{"Kinesis", second(NewKinesis(nil, strings.Replace(kinesisARN, "stream/", "table/", 1), nil, bad)), []string{"is not the ARN of a Kinesis data stream"}},
		{"Kinesis, wrong service", second(NewKinesis(nil, dynamoDBARN, nil, bad)), []string{"is not the ARN of a Kinesis data stream"}},
		{"DynamoDB", second(NewDynamoDB(nil, "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", nil, bad)), []string{"for a table, use its LatestStreamArn"}},
		{"DynamoDB, no ARN", second(NewDynamoDB(nil, "orders", nil, bad)), []string{"is not the ARN of a DynamoDB stream"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			want := append(s.want, "BatchSize is 10001", "Shards is -1", "Timeout is -1ns", "Interval is 199ms", "which is in the future")
			for _, w := range want {
				if s.err == nil || !strings.Contains(s.err.Error(), w) {
					t.Errorf("error does not say %q:\n%v", w, s.err)
				}
			}
		})
	}
}

func second(_ *Poller, err error) error { return err }

func TestARNsOfEveryPartition(t *testing.T) {
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov"} {
		if _, err := NewKinesis(nil, strings.Replace(kinesisARN, "aws", partition, 1), nil, Options{}); err != nil {
			t.Error(err)
		}
		if _, err := NewDynamoDB(nil, strings.Replace(dynamoDBARN, "aws", partition, 1), nil, Options{}); err != nil {
			t.Error(err)
		}
	}
}

func TestParseStart(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Start
	}{
		{"TRIM_HORIZON", TrimHorizon},
		{"LATEST", Latest},
		{"2026-11-22T20:15:00Z", AtTimestamp(time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC))},
		{"2026-11-22T20:15:00.5Z", AtTimestamp(time.Date(2026, 11, 22, 20, 15, 0, 5e8, time.UTC))},
	} {
		got, err := ParseStart(tt.text)
		if err != nil || got != tt.want || got.String() != tt.text {
			t.Errorf("ParseStart(%q) = %v, %v", tt.text, got, err)
		}
	}
	for _, text := range []string{"", "latest", "yesterday", "0001-01-01T00:00:00Z"} {
		if _, err := ParseStart(text); err == nil {
			t.Errorf("ParseStart(%q) succeeds", text)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures, bound := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		longest := time.Duration(0)
		for range 2000 {
			d := Backoff(failures)
			if d < 0 || d > bound {
				t.Fatalf("Backoff(%d) = %v, want at most %v", failures, d, bound)
			}
			longest = max(longest, d)
		}
		if longest < bound*9/10 {
			t.Errorf("Backoff(%d) is never longer than %v, want up to %v", failures, longest, bound)
		}
	}
}
