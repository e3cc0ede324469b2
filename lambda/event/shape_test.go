package event

import (
	"fmt"
	"strings"
	"testing"
)

// first is a record whose shape is learned. The others are written the same way, nearly so,
// or differently.
const first = `{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"QUFB","approximateArrivalTimestamp":1.5},` +
	`"eventSource":"aws:kinesis","eventID":"shard:1","eventSourceARN":"a"}`

var others = map[string]string{
	"the same":           ``,
	"values":             `"k"→"other"; "QUFB"→"QQ=="; 1.5→1e9; shard:1→lane:2`,
	"empty":              `"k"→""; "QUFB"→""`,
	"a space":            `,"data"→, "data"`,
	"an escape":          `"k"→"\u006b"`,
	"data with escapes":  `"QUFB"→"QU\u0046B"`,
	"data with a quote":  `"QUFB"→"QU\"B"`,
	"data with control":  "\"QUFB\"→\"QU\tB\"",
	"not base64":         `"QUFB"→"QUF"`,
	"no data":            `"QUFB"→null`,
	"data is a number":   `"QUFB"→1`,
	"a key is a number":  `"k"→1`,
	"a time is a string": `1.5→"1.5"`,
	"not a number":       `1.5→-`,
	"a hash key":         `"data"→"explicitHashKey":"7","data"`,
	"another source":     `"a"}→"b"}`,
	"another kind":       `aws:kinesis→aws:dynamodb`,
	"two keys":           `"data"→"partitionKey":"x","data"`,
	"two data":           `"sequenceNumber"→"data":1,"sequenceNumber"`,
	"two kinesis":        `"eventSource":→"kinesis":{},"eventSource":`,
	"too long":           `"a"}→"a"}}`,
	"cut off":            `"a"}→"a"`,
	"cut off in data":    `QUFB→QUFB�`,
}

// A record decodes the same after any other record.
func TestShape(t *testing.T) {
	for name, changes := range others {
		second := first
		for change := range strings.SplitSeq(changes, "; ") {
			before, after, _ := strings.Cut(change, "→")
			second = strings.Replace(second, before, after, 1)
		}
		second, _, _ = strings.Cut(second, "�")
		t.Run(name, func(t *testing.T) {
			for _, records := range [][]any{{first, second, first}, {second, second, first}, {first, first, second}} {
				compare(t, fmt.Appendf(nil, `{"Records":[%s,%s,%s]}`, records...))
			}
		})
	}
}

func TestShapeIsOfOneList(t *testing.T) {
	compare(t, fmt.Appendf(nil, `{"Records":[%s],"Records":[%s,%[1]s]}`, first, strings.Replace(first, `"a"`, `"b"`, 1)))
}

// FuzzShape is FuzzDecode for consecutive records.
func FuzzShape(f *testing.F) {
	f.Add(first, first)
	for _, changes := range others {
		before, after, _ := strings.Cut(changes, "→")
		f.Add(first, strings.Replace(first, before, after, 1))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		compare(t, fmt.Appendf(nil, `{"Records":[%s,%s,%[1]s,%[1]s]}`, a, b))
	})
}

// A record with a duplicate member is not used as a shape, because the first duplicate
// would never be checked as JSON.
func TestMembersThatAreThereTwice(t *testing.T) {
	record := func(first string) string {
		return `{"eventSource":"aws:kinesis","eventSourceARN":"arn","eventID":"s:1","kinesis":{"data":"` + first + `","data":"QQ==","partitionKey":"k","sequenceNumber":"1"}}`
	}
	for _, bad := range []string{"\n", `x\`, `\q`} {
		if _, err := Decode([]byte(`{"Records":[` + record("QQ==") + `,` + record(bad) + `]}`)); err == nil {
			t.Errorf("data %q was taken", bad)
		}
	}
}
