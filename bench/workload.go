package bench

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the KPL's checksum
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
)

// Workload is an event and the targets it goes to.
type Workload struct {
	Name    string
	Records int    // source records in the event
	Event   []byte // as Lambda hands it over
	Targets string // YAML
}

const (
	stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/bench"
	table  = "arn:aws:dynamodb:eu-west-1:123456789012:table/bench/stream/2026-01-31T12:34:56.789"
)

// Workloads returns the workloads by which fanout is compared with others.
func Workloads() []Workload {
	w2k := kinesisEvent(10_000, func(rnd *rand.Rand, _ int) []byte { return text(rnd, 200) })
	return []Workload{
		{"W1: 500 × 1 KiB → kinesis", 500,
			kinesisEvent(500, func(rnd *rand.Rand, _ int) []byte { return text(rnd, 1024) }), targets("kinesis")},
		{"W2k: 10,000 × 200 B → kinesis", 10_000, w2k, targets("kinesis")},
		{"W2: 10,000 × 200 B → kinesis, firehose, sqs (JSON)", 10_000, w2k, targets("kinesis", "firehose", "sqs")},
		{"W3: 100 aggregates × 100 × 200 B → firehose", 100, kinesisEvent(100, aggregate), targets("firehose, deaggregate: true")},
		{"W4: 1,000 DynamoDB records × 15 attributes → sqs (JSON), convertDDB", 1000,
			dynamodbEvent(1000), targets("sqs, convertDDB: true")},
		{"ordered: 10,000 × 200 B, 1,000 keys → kinesis", 10_000, w2k, targets("kinesis, parallel: false")},
	}
}

// targets writes a target file with a target of each type; a type may be followed
// by more attributes.
func targets(types ...string) string {
	destinations := map[string]string{
		"kinesis": "copy", "firehose": "lake", "sqs": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
	}
	var b bytes.Buffer
	b.WriteString("targets:\n")
	for i, t := range types {
		name, _, _ := bytes.Cut([]byte(t), []byte(","))
		for _, source := range []string{stream, table} {
			fmt.Fprintf(&b, "- {sourceArn: %q, id: t%d, type: %s, destination: %q, active: true}\n", source, i, t, destinations[string(name)])
		}
	}
	return b.String()
}

func kinesisEvent(n int, data func(rnd *rand.Rand, i int) []byte) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		seq := 4967371945602434 + i
		fmt.Fprintf(&b, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"key-%d","sequenceNumber":"%d","data":"%s",`+
			`"approximateArrivalTimestamp":1763800000.%03d},"eventSource":"aws:kinesis","eventVersion":"1.0",`+
			`"eventID":"shardId-000000000006:%d","eventName":"aws:kinesis:record",`+
			`"invokeIdentityArn":"arn:aws:iam::123456789012:role/bench","awsRegion":"eu-west-1","eventSourceARN":"%s"}`,
			rnd.IntN(1000), seq, base64.StdEncoding.EncodeToString(data(rnd, i)), i%1000, seq, stream)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func dynamodbEvent(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventID":"%032d","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb",`+
			`"awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":1763800000,"Keys":{"id":{"S":"item-%d"}},"NewImage":{`, i, i)
		for a := range 14 {
			fmt.Fprintf(&b, `"attribute%02d":{"S":%q},`, a, text(rnd, 24))
		}
		fmt.Fprintf(&b, `"id":{"S":"item-%d"}},"SequenceNumber":"%d","SizeBytes":700,"StreamViewType":"NEW_IMAGE"},"eventSourceARN":"%s"}`,
			i, 111700000000000+i, table)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// aggregate is a KPL aggregate of 100 records of 200 bytes, with 10 keys.
func aggregate(rnd *rand.Rand, _ int) []byte {
	var m []byte
	for k := range 10 {
		m = protowire.AppendString(protowire.AppendTag(m, 1, protowire.BytesType), fmt.Sprint("key-", k))
	}
	for range 100 {
		var r []byte
		r = protowire.AppendVarint(protowire.AppendTag(r, 1, protowire.VarintType), rnd.Uint64N(10))
		r = protowire.AppendBytes(protowire.AppendTag(r, 3, protowire.BytesType), text(rnd, 200))
		m = protowire.AppendBytes(protowire.AppendTag(m, 3, protowire.BytesType), r)
	}
	sum := md5.Sum(m) //nolint:gosec // the format's checksum
	return append(append([]byte("\xf3\x89\x9a\xc2"), m...), sum[:]...)
}

// text is a JSON object of n bytes.
func text(rnd *rand.Rand, n int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789      "
	b := append(make([]byte, 0, n), `{"text":"`...)
	for len(b) < n-2 {
		b = append(b, letters[rnd.IntN(len(letters))])
	}
	return append(b, `"}`...)
}
