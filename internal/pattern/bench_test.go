package pattern_test

import (
	"bytes"
	"fmt"
	"testing"

	"fanout/internal/pattern"
)

// records returns JSON records of about 1 KiB.
func records(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"id":"4b1f6a62-8e0d-4c53-9d0e-%012x","type":"order.%s","time":"2026-11-29T12:%02d:56.789Z","customer":{"id":"c-%d","name":"Ada Lovelace","email":"ada%d@example.com","tier":"gold"},"order":{"id":"o-%d","total":%d.95,"currency":"EUR","paid":%t,"lines":[`,
			i*7919, []string{"placed", "paid", "shipped"}[i%3], i%60, i*i, i, 5551212+i, 100+i*37%1000, i%2 == 0)
		for j := 0; b.Len() < 920; j++ {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"sku":"SKU-%05d","name":"%s","quantity":%d,"price":%d.50}`, j*7919+i, "A thing to buy, and a good one too"[:10+(i*j*5)%24], j+1, j*3+i)
		}
		b.WriteString(`],"note":"Please leave it at the door."},"source":"shop","version":3}`)
		all[i] = b.Bytes()
	}
	return all
}

func size(recs [][]byte) (n int) {
	for _, r := range recs {
		n += len(r)
	}
	return n
}

type kinesis struct {
	data, key []byte
}

func (k *kinesis) Field(name string) pattern.Value {
	switch name {
	case "data":
		return pattern.JSON(k.data)
	case "partitionKey":
		return pattern.String(k.key)
	}
	return pattern.Value{}
}

func BenchmarkMatch(b *testing.B) {
	recs := records(100)
	b.Logf("%d bytes a record", size(recs)/len(recs))
	for _, bb := range []struct{ name, pattern string }{
		{"type", `{"data":{"type":["order.placed"]}}`},
		{"inner", `{"data":{"order":{"total":[{"numeric":[">=",500]}]}}}`},
		{"elements", `{"data":{"order":{"lines":{"sku":[{"prefix":"SKU-1"}],"quantity":[{"numeric":[">",3]}]}}}}`},
		{"key", `{"partitionKey":["k"]}`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p, err := pattern.Compile([]byte(bb.pattern))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size(recs)))
			b.ReportAllocs()
			n, k := 0, &kinesis{key: []byte("k")}
			for b.Loop() {
				for _, r := range recs {
					k.data = r
					if p.Match(k) {
						n++
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
		})
	}
}
