package hooks

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
)

const source = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"

// A queue's mapping has no position, and is not split.
func TestHookOfQueue(t *testing.T) {
	h, l, _ := newFake()
	did, err := h.Hook(t.Context(), source, Settings{MaximumConcurrency: aws.Int32(5)})
	wantErr(t, err, "")
	want := []types.EventSourceMappingConfiguration{{
		UUID: aws.String("0"), EventSourceArn: aws.String(source), State: aws.String("Enabled"),
		ScalingConfig:         &types.ScalingConfig{MaximumConcurrency: aws.Int32(5)},
		FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"},
	}}
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" || did != cloud.Created {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}
	for _, tt := range []struct {
		bound  int32
		did    cloud.Outcome
		change []cloud.Change
	}{
		{5, cloud.Unchanged, nil},
		{7, cloud.Updated, []cloud.Change{cloud.Changed("maximum-concurrency", "5", "7")}},
		{0, cloud.Updated, []cloud.Change{cloud.Changed("maximum-concurrency", "7", "(unset)")}},
		{0, cloud.Unchanged, nil},
	} {
		did, err := h.Hook(t.Context(), source, Settings{MaximumConcurrency: &tt.bound})
		wantErr(t, err, "")
		if diff := cmp.Diff(tt.change, h.Changed); diff != "" || did != tt.did {
			t.Errorf("%d: %s (-want +got):\n%s", tt.bound, did, diff)
		}
	}
	did, err = h.Switch(t.Context(), source, false)
	wantErr(t, err, "")
	if did != cloud.Disabled {
		t.Error(did)
	}
	wantErr(t, h.Unhook(t.Context(), source), "")
	if len(l.mappings) != 0 {
		t.Error(l.mappings)
	}
}

// A large batch of a queue needs a window, whichever of the two was set first.
func TestLargeBatchNeedsWindow(t *testing.T) {
	const standard = "arn:aws:sqs:eu-west-1:123456789012:orders"
	size := func(n int32) *int32 { return &n }
	for _, tt := range []struct {
		source string
		there  *types.EventSourceMappingConfiguration
		s      Settings
		want   string
	}{
		{standard, nil, Settings{BatchSize: size(10)}, ""},
		{standard, nil, Settings{BatchSize: size(11)}, "batches of more than 10 messages of a queue need a batching window; add --batching-window 1"},
		{standard, nil, Settings{BatchSize: size(11), BatchingWindow: size(1)}, ""},
		{standard, &types.EventSourceMappingConfiguration{MaximumBatchingWindowInSeconds: size(1)}, Settings{BatchSize: size(11)}, ""},
		{standard, &types.EventSourceMappingConfiguration{BatchSize: size(100), MaximumBatchingWindowInSeconds: size(1)}, Settings{BatchingWindow: size(0)}, "batches of more than 10"},
		{stream, nil, Settings{BatchSize: size(1000)}, ""},
	} {
		h, l, _ := newFake()
		if tt.there != nil {
			tt.there.EventSourceArn, tt.there.State = aws.String(tt.source), aws.String("Enabled")
			l.mappings = []types.EventSourceMappingConfiguration{*tt.there}
		}
		_, err := h.Look(t.Context(), tt.source, tt.s)
		wantErr(t, err, tt.want)
	}
}
