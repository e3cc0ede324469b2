package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// typePattern is an event pattern on one field of orders. All orders match.
const typePattern = `{"data":{"type":[{"prefix":"order."}]}}`

// orderEvent returns an event of n records of about size bytes, each an order in JSON.
func orderEvent(n, size int) []byte {
	return kinesisEvent(n, 1000, func(rnd *rand.Rand) []byte { return orderData(rnd, size) })
}

// orderData returns an order in JSON of size bytes, or of some more.
func orderData(rnd *rand.Rand, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"id":"%016x","time":"2026-11-29T12:34:56.789Z","customer":{"id":"c-%d","name":"Ada Lovelace","tier":"gold"},"lines":[`,
		rnd.Uint64(), rnd.IntN(10_000))
	const tail = `],"total":123.50,"currency":"EUR","type":"order.paid","note":""}`
	for line := 0; b.Len()+len(tail)+80 < size; line++ {
		if line > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"SKU-%05d","name":"a thing to buy","quantity":%d,"price":%d.50}`, rnd.IntN(100_000), 1+rnd.IntN(9), rnd.IntN(100))
	}
	b.WriteString(tail[:len(tail)-2])
	for b.Len() < size-2 {
		b.WriteByte('x')
	}
	b.WriteString(`"}`)
	return b.Bytes()
}
