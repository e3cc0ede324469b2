package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"testing"
)

// kinesisEvent is an event as Lambda writes it, of n records with size bytes of data.
func kinesisEvent(n, size int) []byte {
	rng := rand.NewChaCha8([32]byte{})
	data := make([]byte, size)
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		_, _ = rng.Read(data)
		seq := fmt.Sprintf("4959033827149025660855969253836157109592157598913%07d", i)
		fmt.Fprintf(&b, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"device-%d","sequenceNumber":"%s","data":"%s",`+
			`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0",`+
			`"eventID":"shardId-000000000006:%s","eventName":"aws:kinesis:record",`+
			`"invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda-role","awsRegion":"us-east-2",`+
			`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/readings"}`,
			i, seq, base64.StdEncoding.EncodeToString(data), seq)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// dynamodbEvent is an event of n records whose images have attrs attributes.
func dynamodbEvent(n, attrs int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventID":"%032x","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-west-2",`+
			`"dynamodb":{"ApproximateCreationDateTime":1479499740,"Keys":{"sort":{"N":"%d"},"hash":{"S":"customer-%d"}},"NewImage":{"sort":{"N":"%d"}`,
			i, i, i%100, i)
		for a := range attrs - 1 {
			fmt.Fprintf(&b, `,"attribute%02d":{"S":"value %d of record %d"}`, a, a, i)
		}
		fmt.Fprintf(&b, `},"SequenceNumber":"130216000000000015968%05d","SizeBytes":412,"StreamViewType":"NEW_IMAGE"},`+
			`"eventSourceARN":"arn:aws:dynamodb:us-west-2:123456789012:table/Orders/stream/2016-11-16T20:42:48.104"}`, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

var workloads = []struct {
	name    string
	event   []byte
	records int
	budget  float64 // allocations a record
}{
	{"kinesis/500x1KiB", kinesisEvent(500, 1024), 500, 0.02},
	{"kinesis/10000x200B", kinesisEvent(10000, 200), 10000, 0.001},
	{"dynamodb/1000x15", dynamodbEvent(1000, 15), 1000, 0.02},
	{"kafka/10000x200B", kafkaEventOf(10000, 200), 10000, 0.01},
}

func BenchmarkDecode(b *testing.B) {
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(w.event)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(w.event); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(w.records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func TestAllocations(t *testing.T) {
	for _, w := range workloads {
		t.Run(w.name, func(t *testing.T) {
			n := testing.AllocsPerRun(5, func() {
				if _, err := Decode(w.event); err != nil {
					t.Fatal(err)
				}
			})
			if per := n / float64(w.records); per > w.budget {
				t.Errorf("%.4f allocations a record, want at most %g", per, w.budget)
			}
		})
	}
}
