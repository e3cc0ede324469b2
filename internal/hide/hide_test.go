package hide

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calls is a client that notes its calls, and fails or hangs on request.
type calls struct {
	sizes []int
	hang  bool
	err   error
}

func (c *calls) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	c.sizes = append(c.sizes, len(in.Entries))
	for i, e := range in.Entries {
		if aws.ToString(e.Id) != fmt.Sprint(i) || e.VisibilityTimeout != 60 {
			return nil, fmt.Errorf("entry %d is %s for %d seconds", i, *e.Id, e.VisibilityTimeout)
		}
	}
	if c.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return new(sqs.ChangeMessageVisibilityBatchOutput), c.err
}

// Messages are renewed in time, ten in a call, until the end. A call that fails or hangs is
// reported, and the others are made.
func TestKeep(t *testing.T) {
	for name, tt := range map[string]struct {
		client calls
		failed int
	}{
		"answers": {calls{}, 0},
		"fails":   {calls{err: errors.New("no")}, 9},
		"hangs":   {calls{hang: true}, 1}, // after 30 seconds; the next is cancelled
	} {
		synctest.Test(t, func(t *testing.T) {
			failed := 0
			q := Queue{Client: &tt.client, Failed: func(error) { failed++ }}
			stop := q.Keep(t.Context(), time.Minute, func() []string { return make([]string, 21) })
			time.Sleep(70 * time.Second)
			stop()
			if failed != tt.failed {
				t.Errorf("%s: %d calls were reported, want %d", name, failed, tt.failed)
			}
			calls := len(tt.client.sizes)
			time.Sleep(time.Hour)
			if len(tt.client.sizes) != calls {
				t.Errorf("%s: calls after the end", name)
			}
			for i, n := range tt.client.sizes {
				if want := []int{10, 10, 1}[i%3]; n != want {
					t.Errorf("%s: call %d has %d messages, want %d", name, i, n, want)
				}
			}
			if !tt.client.hang && calls != 9 {
				t.Errorf("%s: %d calls, want 9", name, calls)
			}
		})
	}
}
