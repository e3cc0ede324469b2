package s3

import (
	"strings"
	"time"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/sinks/internal/bucket"
	"fanout/sinks/internal/ids"
)

// keys makes the keys of objects:
//
//	PREFIX/SHARD-FIRST-LAST-DIGEST.jsonl
//
// FIRST and LAST are sequence numbers. Between them other requests may have records, and a
// record may have several parts. So the digest names all records in the object, their content,
// the source and the target: an object replaces no other one but itself.
type keys struct {
	prefix         []part
	source, target string
	origin         ids.Origin
	suffix         string
}

func newKeys(o Options, suffix string) (k keys, err error) {
	k = keys{source: bucket.Clean(strings.ReplaceAll(awsname.Source(o.Source), ":", "-")), target: bucket.Clean(o.Target), origin: ids.OriginOf(o.Source + "\n" + o.Target), suffix: suffix}
	k.prefix, err = parsePrefix(o.Prefix)
	return k, err
}

// digestDigits is the length of a digest. Its 64 bits tell objects with the same first and last
// record apart.
const digestDigits = 16

// of returns the key of the object that holds batch; hash is that of its body.
func (k *keys) of(batch []engine.Record, hash string) string {
	first, last := &batch[0], &batch[len(batch)-1]
	text := []byte(hash)
	for i := range batch {
		text = append(k.origin.AppendID(text, &batch[i]), '\n')
	}
	return k.join(first, []string{first.Lane, first.Seq, last.Seq}, ids.Hash(text))
}

// join returns the key of an object that begins with r, of what names it and its digest.
func (k *keys) join(r *engine.Record, names []string, digest string) string {
	var b strings.Builder
	for _, p := range k.prefix {
		b.WriteString(p.text)
		b.WriteString(k.value(p.place, r))
	}
	b.WriteByte('/')
	for _, text := range names {
		if text != "" {
			b.WriteString(bucket.Clean(text) + "-")
		}
	}
	b.WriteString(digest[:digestDigits] + k.suffix)
	return b.String()
}

// value returns the value of a place for an object that begins with r. An unknown time of
// arrival is the year 1970, because a retry must make the same key.
func (k *keys) value(place string, r *engine.Record) string {
	switch place {
	case placeSource:
		return k.source
	case placeTarget:
		return k.target
	case placeShard:
		return bucket.Clean(r.Lane)
	case "":
		return ""
	}
	layout := map[string]string{placeYear: "2006", placeMonth: "01", placeDay: "02", placeHour: "15"}[place]
	return time.UnixMilli(r.Arrived).UTC().Format(layout)
}
