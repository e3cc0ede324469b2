package redrive

import (
	"context"

	"fanout/lambda/envelope"
)

// windows splits indexes of envelopes, in order, so that the data that is fetched for each part
// has at most windowBytes, or is that of one envelope.
func (r *redelivery) windows(index []int) (all [][]int) {
	bytes, begin := 0, 0
	for k, i := range index {
		n := 0
		if ref := r.envelopes[i].Reference; ref != nil {
			n = ref.Bytes
		}
		if bytes += n; bytes > windowBytes && k > begin {
			all = append(all, index[begin:k])
			bytes, begin = n, k
		}
	}
	return append(all, index[begin:])
}

// whole returns an envelope with its data, which may be in a bucket.
func (r *redelivery) whole(ctx context.Context, e *envelope.Envelope) (envelope.Envelope, error) {
	if e.Reference == nil {
		return *e, nil
	}
	data, err := r.lease.Fetch(ctx, e.Reference)
	if err != nil {
		return envelope.Envelope{}, err
	}
	return e.Whole(data)
}
