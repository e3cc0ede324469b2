package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

// jsonRecord returns a JSON object of size bytes with a unique i.
func jsonRecord(i, size int) []byte {
	head := fmt.Sprintf(`{"i":%d,"text":"`, i)
	return []byte(head + strings.Repeat("x", size-len(head)-len(`"}`)) + `"}`)
}

// binaryRecord returns size bytes that are almost never text.
func binaryRecord(i, size int) []byte {
	rnd := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8)})
	b := make([]byte, size)
	_, _ = rnd.Read(b)
	return b
}

// plainly returns the data of a record or message.
func plainly(t *testing.T, r awsfake.Record) []byte {
	t.Helper()
	if r.Attributes["encoding"].Value != "base64" {
		return r.Data
	}
	b, err := base64.StdEncoding.DecodeString(string(r.Data))
	if err != nil {
		t.Error(err)
	}
	return b
}

// destination is a target, written as type, collapse and more attributes, with the fewest
// calls to it.
type destination struct {
	target string
	calls  int
	why    string
}

func (d destination) parts() (service, collapse, more string) {
	service, rest, _ := strings.Cut(d.target, " ")
	collapse, more, _ = strings.Cut(rest, ", ")
	return service, collapse, more
}

// A workload reaches targets of every type in the fewest calls that the services' limits
// allow. Every record arrives once, byte for byte.
func TestFewestCalls(t *testing.T) {
	for name, c := range map[string]struct {
		records, size int
		make          func(i, size int) []byte
		destinations  []destination
	}{
		"one": {1, 200, jsonRecord, []destination{
			{"kinesis", 1, ""}, {"firehose", 1, ""}, {"sqs none", 1, ""}, {"sns none", 1, ""}, {"sqs JSON", 1, ""}, {"sns JSON", 1, ""},
		}},
		"many": {10_000, 200, jsonRecord, []destination{
			{"kinesis", 20, "500 records a call"},
			{"firehose", 20, "500 records a call"},
			{"sqs JSON", 2, "1 MiB a call: 5,216 × 201 + 13 bytes"},
			{"sns JSON", 8, "256 KiB a call: 1,304 × 201 + 13 bytes"},
			{"sqs JSON, batchRecords: 100", 10, "10 messages a call"},
			{"sns JSON, batchRecords: 100", 10, "10 messages a call"},
			{"sns JSON, maxRecordBytes: 1048576", 2, "1 MiB a call, which the topic's owner allows"},
		}},
		"odd": {1003, 200, binaryRecord, []destination{
			{"kinesis", 3, "500 records a call"},
			{"firehose", 3, "500 records a call"},
			{"sqs none", 101, "10 messages a call"},
			{"sns none", 101, "10 messages a call"},
			{"sqs concat", 1, "1 MiB a call: all of it, in base64"},
			{"sns concat", 2, "256 KiB a call: 983 × 200 × 4/3 bytes would fill it, but for the attribute"},
		}},
		"large": {22, 200 << 10, jsonRecord, []destination{ // as many as fit an event of 6 MB
			{"kinesis", 1, "10 MiB a call"},
			{"firehose", 2, "4 MiB a call: 20 records"},
			{"sqs none", 5, "1 MiB a call: 5 messages"},
			{"sns none", 22, "256 KiB a call: 1 message"},
			{"sqs JSON", 5, "1 MiB a call: 1 message of 5 records"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			data := make([][]byte, c.records)
			sent := map[string]int{}
			for i := range data {
				data[i] = c.make(i, c.size)
				sent[string(data[i])]++
			}
			var all []string
			for i, d := range c.destinations {
				service, collapse, more := d.parts()
				all = append(all, fmt.Sprintf("id: t%d, type: %s, %s%s", i, service, to(service, fmt.Sprint("t", i), collapse), more))
			}
			a := open(t, targets(orders, all...))
			for i, d := range c.destinations {
				if strings.HasSuffix(d.target, "maxRecordBytes: 1048576") {
					a.SetLimit(fmt.Sprint("sns/t", i), 1<<20)
				}
			}
			a.deliver(orderEvent(data...))

			calls := map[string]int{}
			for _, c := range a.Calls() {
				calls[c.Destination]++
			}
			for i, d := range c.destinations {
				service, collapse, _ := d.parts()
				name := fmt.Sprint("t", i)
				if n := calls[name]; n != d.calls {
					t.Errorf("%s: %d calls, and %d would do (%s)", d.target, n, d.calls, d.why)
				}
				got := map[string]int{}
				for _, r := range a.Records(service + "/" + name) {
					for _, d := range unpack(t, collapse, c.size, plainly(t, r)) {
						got[d]++
					}
				}
				if !maps.Equal(sent, got) {
					t.Errorf("%s: not every record arrived once and as it was: %.1000s", d.target, cmp.Diff(sent, got))
				}
			}
		})
	}
}

// to writes the attributes that lead to a destination called name.
func to(service, name, collapse string) string {
	switch service {
	case "sqs":
		name = queue + name
	case "sns":
		name = topic + name
	}
	s := fmt.Sprintf("destination: %q, ", name)
	if collapse != "" {
		s += "collapse: " + collapse + ", "
	}
	return s
}

// unpack splits a collapsed message into records of size bytes.
func unpack(t *testing.T, collapse string, size int, data []byte) (all []string) {
	t.Helper()
	switch collapse {
	case "JSON":
		var message struct{ Records []json.RawMessage }
		if err := json.Unmarshal(data, &message); err != nil {
			t.Error(err)
		}
		for _, r := range message.Records {
			all = append(all, string(r))
		}
	case "concat":
		for ; len(data) >= size; data = data[size:] {
			all = append(all, string(data[:size]))
		}
	default:
		all = append(all, string(data))
	}
	return all
}
