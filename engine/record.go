package engine

// Record is one unit of data on its way from a source to a target.
//
// What a Record points to is shared between targets: never write into it. Derive
// a new record with [Record.With] or [Merge], which keep where it came from; a
// record made any other way inside a stage has no origin, and the engine does
// not deliver it.
type Record struct {
	Key     string  // partition key
	HashKey string  // explicit hash key, if any
	Data    Payload // what is delivered
	Lane    string  // ordering domain: the source shard
	Seq     string  // source sequence number
	Sub     int     // place inside an aggregated source record
	Action  string  // PUT, INSERT, MODIFY, REMOVE, NOTIFICATION
	Arrived int64   // when the source took it, Unix milliseconds; 0 if unknown
	Raw     []byte  // the source record in JSON, as the event has it or a stage made it

	parts []Record // what Merge put together
	src   int32    // 1 + index of the source record; of a merged one, see mergedBy
	at    int32    // 1 + index in the list the record stands in; unplaced: not in one yet
}

// unplaced marks a record that Merge made and no stage has emitted yet: its origin
// is its parts.
const unplaced = -1

// With returns r carrying data instead of its own.
func (r Record) With(data Payload) Record {
	if r.Data.IsStandIn() && !data.IsStandIn() {
		data.StandIn()
	}
	r.Data = data
	return r
}

// Merge returns one record that stands for all of recs, carrying data, with the
// key, lane, sequence number and action of the first and the arrival time of
// the oldest. It keeps recs: do not change the slice afterwards. recs is not empty.
func Merge(recs []Record, data Payload) Record {
	m := recs[0]
	m.Data, m.Raw = data, nil
	m.parts, m.src, m.at = recs, 0, unplaced
	for i := range recs {
		if a := recs[i].Arrived; a != 0 && (a < m.Arrived || m.Arrived == 0) {
			m.Arrived = a
		}
	}
	return m
}

// mergedBy returns how many stages stood before the one that merged r; negative: none
// did, or it has not emitted r yet.
func (r *Record) mergedBy() int { return int(-r.src) - 1 }

// Parts returns the records that Merge put into r, or nil if it is not merged.
func (r *Record) Parts() []Record { return r.parts }

// leaves calls f with r, or if it is merged, with every record that it carries.
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
