package event_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda/event"
)

// numbered returns an event of n Kinesis records, named after name.
func numbered(name string, n int) []byte {
	records := make([]string, n)
	for i := range records {
		records[i] = fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":"arn:%s","eventID":"shard-%[1]s:%d",`+
			`"kinesis":{"partitionKey":"%[1]s-%[2]d","sequenceNumber":"%[2]d","data":"b25l"}}`, name, i)
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// A reused Memory decodes like the function Decode.
func TestMemory(t *testing.T) {
	var m event.Memory
	for _, n := range []int{3, 200, 1, 0, 60, 20_000, 2} {
		data := numbered(fmt.Sprint("event-", n), n)
		want, err := event.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d batches of %d records, want %d", len(got), n, len(want))
		}
		for b := range want {
			for i := range want[b].Records {
				g, w := got[b].Records[i], want[b].Records[i]
				if diff := cmp.Diff([]string{w.Key, w.Seq, w.Lane, string(w.Data.Bytes())}, []string{g.Key, g.Seq, g.Lane, string(g.Data.Bytes())}); diff != "" {
					t.Fatalf("record %d of %d (-want +got)\n%s", i, n, diff)
				}
			}
			if len(got[b].Records) != n {
				t.Errorf("%d records, want %d", len(got[b].Records), n)
			}
		}
	}
}

// A freed Memory keeps nothing of its event, nor of a larger event before it.
func TestMemoryIsFree(t *testing.T) {
	var m event.Memory
	var kept []weak.Pointer[byte]
	for _, n := range []int{100, 3} {
		data := numbered("event", n)
		kept = append(kept, weak.Make(&data[0]))
		batches, err := m.Decode(data)
		if err != nil || len(batches) != 1 {
			t.Fatal(len(batches), err)
		}
		for _, r := range batches[0].Records {
			_ = r.Data.Bytes()
		}
	}
	m.Free()
	runtime.GC()
	for i, p := range kept {
		if p.Value() != nil {
			t.Errorf("the text of event %d is still there", i)
		}
	}
	runtime.KeepAlive(&m)
}
