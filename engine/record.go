package engine

// Record is one unit of data on its way from a source to a target.
//
// Targets share the memory that a Record points to: never write into it. Derive a
// new record with [Record.With] or [Merge], which keep its origin. A record that a
// stage makes any other way has no origin, and the engine does not deliver it.
type Record struct {
	Key     string  // partition key
	HashKey string  // explicit hash key, if any
	Data    Payload // the data to deliver

	Lane, Seq string // the source shard, which is the ordering domain, and the sequence number

	Sub     int    // place inside an aggregated source record
	Action  string // PUT, INSERT, MODIFY, REMOVE, NOTIFICATION, MESSAGE
	Arrived int64  // at the source, Unix milliseconds; 0: unknown
	Raw     []byte // the source record in JSON; nil if a stage changed the record, see Out.EmitWithSource

	parts []Record // the records that Merge combined
	src   int32    // 1 + index of the source record; for a merged record, see mergedBy
	at    int32    // 1 + index in the list that holds the record; or unemitted
}

// unemitted marks a merged record that no stage has emitted yet. Its origin is its
// parts.
const unemitted = -1

// With returns a copy of r with other data, and without Raw, which holds the data
// that the copy replaces.
func (r Record) With(data Payload) Record {
	if r.Data.IsStandIn() && !data.IsStandIn() {
		data.StandIn()
	}
	r.Data, r.Raw = data, nil
	return r
}

// Merge returns one record that stands for all of recs. It carries data, and has
// the key, lane, sequence number and action of the first record and the arrival
// time of the oldest. It keeps recs: do not change the slice afterwards. recs must
// not be empty.
func Merge(recs []Record, data Payload) Record {
	m := recs[0]
	m.Data, m.Raw = data, nil
	m.parts, m.src, m.at = recs, 0, unemitted
	for i := range recs {
		if a := recs[i].Arrived; a != 0 && (a < m.Arrived || m.Arrived == 0) {
			m.Arrived = a
		}
	}
	return m
}

// mergedBy returns how many stages come before the one that merged r. It is
// negative if no stage has merged and emitted r.
func (r *Record) mergedBy() int { return int(-r.src) - 1 }

// Parts returns the records that Merge combined into r, or nil if r is not merged.
func (r *Record) Parts() []Record { return r.parts }

// leaves calls f with r, or if r is merged, with every record that it carries.
func (r *Record) leaves(f func(leaf *Record)) {
	if r.parts == nil {
		f(r)
		return
	}
	for i := range r.parts {
		r.parts[i].leaves(f)
	}
}

// sources calls f with the index of every source record that r carries.
func (r *Record) sources(f func(src int)) {
	r.leaves(func(leaf *Record) { f(int(leaf.src) - 1) })
}

// first returns 1 + the index of the first source record that r carries.
func (r *Record) first() int32 {
	for r.parts != nil {
		r = &r.parts[0]
	}
	return r.src
}

// follows reports whether r, an unmerged record, comes after o in its source.
func (r *Record) follows(o *Record) bool {
	return r.src > o.src || r.src == o.src && r.Sub > o.Sub
}
