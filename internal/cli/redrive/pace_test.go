package redrive

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/redrive"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

const orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// store has one target, a file.
type store string

func (s store) Targets(context.Context, string) (target.Set, error) {
	return target.Set{Targets: []target.Loaded{{ID: "out", Spec: sinks.Spec{
		SourceARN: orders, ID: "out", Type: builtin.Type("file"), Destination: sinks.Destination{Path: string(s)}, Collapse: sinks.CollapseNone, Active: true,
	}}}}, nil
}

// With --max-per-second a redrive takes the time that its records need, and an interrupt
// ends the wait.
func TestPace(t *testing.T) {
	for name, tt := range map[string]struct {
		records, perSecond int
		interrupt          time.Duration // 0: none
		took               time.Duration
		done               int
	}{
		"no limit":    {10, 0, 0, 0, 10},
		"two":         {10, 2, 0, 4 * time.Second, 10},
		"more":        {10, 100, 0, 0, 10},
		"interrupted": {10, 2, 2500 * time.Millisecond, 2500 * time.Millisecond, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := lambda.DefaultOptions()
				o.Metrics, o.Store = metrics.ModeNone, store(filepath.Join(t.TempDir(), "out.jsonl"))
				h, err := lambda.New(o, aws.Config{Region: "eu-west-1"}, zap.NewNop())
				if err != nil {
					t.Fatal(err)
				}
				f := redriveFlags{deliveryFlags: deliveryFlags{DeliveryFlags: run.DeliveryFlags{Factory: new(factory.Factory), Timeout: time.Minute}}}
				d := redelivery{redriveFlags: &f, sum: new(run.Summary), pace: paceOf(tt.perSecond), again: redrive.NewDelivery(h, sinks.Spec{})}
				g := redrive.Group{Source: orders, Target: "out"}
				for i := range tt.records {
					g.Letters = append(g.Letters, &redrive.Letter{Envelope: envelope.Envelope{
						Version: 1, Source: orders, Target: "out", Shard: "shard", Sequence: strconv.Itoa(i + 1), Key: "k", Data: fmt.Appendf(nil, "%d", i),
					}})
				}
				ctx := t.Context()
				if tt.interrupt > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(tt.interrupt, cancel)
				}
				begun := time.Now()
				if err := d.deliver(ctx, &g); (err != nil) != (tt.interrupt > 0) {
					t.Error(err)
				}
				done := 0
				for _, l := range g.Letters {
					if l.Done {
						done++
					}
				}
				if took := time.Since(begun); took != tt.took || done != tt.done {
					t.Errorf("%d records are done after %v, want %d after %v", done, took, tt.done, tt.took)
				}
			})
		})
	}
}
