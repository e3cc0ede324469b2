package cli

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/clitest"
	"fanout/lambda/envelope"
)

// TestRedriveLosesNothing redrives a queue repeatedly while sends fail at random. Every
// record reaches its target in the end, none is deleted before, and with order no
// record of a key arrives before an earlier one.
func TestRedriveLosesNothing(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			aws, err := awsfake.Start()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(aws.Close)
			for name, value := range clitest.ClientEnv(aws.URL(), aws.URL()) {
				t.Setenv(name, value)
			}
			const records = 40
			var targets strings.Builder
			targets.WriteString("targets:\n")
			for _, id := range []string{"ordered.fifo", "any"} {
				fmt.Fprintf(&targets, "- {sourceArn: %q, id: %s, type: sqs, collapse: none, parallel: %v, active: true, destination: %q}\n",
					clitest.Orders, id, id == "any", "arn:aws:sqs:eu-west-1:123456789012:"+id)
				for i := range records {
					key := fmt.Sprint("key-", i%7)
					e := envelope.Envelope{
						Version: envelope.Version, Source: clitest.Orders, Target: id, Shard: "shardId-0", Sequence: fmt.Sprint(i), Key: key,
						Data: fmt.Append(nil, key, " ", i), Staged: i%3 > 0,
					}
					text, err := e.Marshal()
					if err != nil {
						t.Fatal(err)
					}
					aws.Put("sqs/dead.fifo", awsfake.Record{Data: text, GroupID: id + key, DeduplicationID: fmt.Sprint(id, i)})
				}
			}
			file := filepath.Join(t.TempDir(), "targets.yaml")
			if err := os.WriteFile(file, []byte(targets.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			rnd := rand.New(rand.NewPCG(seed, 1))
			trouble := func(c awsfake.Call) *awsfake.Fault {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case c.Records == 0 || rnd.IntN(3) > 0:
					return nil
				case c.Operation == "SendMessageBatch" && rnd.IntN(2) == 0:
					return &awsfake.Fault{Refuse: map[int]string{rnd.IntN(c.Records): "AccessDenied"}}
				case c.Operation == "SendMessageBatch":
					return &awsfake.Fault{Code: "AccessDenied", Status: 403}
				}
				return &awsfake.Fault{Refuse: map[int]string{rnd.IntN(c.Records): "InternalError"}}
			}
			aws.OnCall(trouble)
			for runs := 1; len(aws.Waiting("sqs/dead.fifo")) > 0; runs++ {
				if runs == 6 {
					aws.OnCall(nil)
				}
				if runs > 8 {
					t.Fatalf("%d messages are left although nothing fails", len(aws.Waiting("sqs/dead.fifo")))
				}
				var out, errs bytes.Buffer
				if code := execute([]string{"redrive", "--targets", file, "--queue", "dead.fifo"}, nil, &out, &errs); code == exitUsage || code == exitOK && len(aws.Waiting("sqs/dead.fifo")) > 0 {
					t.Fatalf("exit status %d, %d messages left\n%s", code, len(aws.Waiting("sqs/dead.fifo")), &errs)
				}
				aws.Reveal("sqs/dead.fifo")
				there := make(map[string]bool)
				for _, id := range []string{"ordered.fifo", "any"} {
					for _, r := range aws.Records("sqs/" + id) {
						there[id+" "+string(r.Data)] = true
					}
				}
				for _, r := range aws.Waiting("sqs/dead.fifo") {
					e, err := envelope.Parse(r.Data)
					if err != nil {
						t.Fatal(err)
					}
					there[e.Target+" "+string(e.Data)] = true
				}
				if len(there) != 2*records {
					t.Fatalf("of %d records only %d are at a target or in the queue", 2*records, len(there))
				}
			}
			last := make(map[string]int)
			for _, r := range aws.Records("sqs/ordered.fifo") {
				var key string
				var i int
				if _, err := fmt.Sscan(string(r.Data), &key, &i); err != nil {
					t.Fatal(err)
				}
				if i < last[key] {
					t.Errorf("record %d of %s came behind record %d", i, key, last[key])
				}
				last[key] = i
			}
		})
	}
}
