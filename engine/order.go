package engine

// order is the ordering rule of a queue. It says whether a record may be sent, and how
// its fate affects the others. Records are named by their index in the queue's
// lane.
type order interface {
	// free reports whether every record may be sent, in sequence, without a closer look.
	free() bool

	// strict reports whether no record may be sent before an earlier one.
	strict() bool

	// breaks reports whether sending record i would break the order, because an earlier
	// record failed. Record i then fails too.
	breaks(i int, r *Record) bool

	// waits reports whether record i must wait for an earlier one. It then does.
	waits(i int, r *Record) bool

	// take notes that record i, which did not have to wait, is in a request.
	take(i int, r *Record)

	// release returns the record that waited for record i, which is delivered or has
	// failed. It returns 0 if there is none: record 0 never waits.
	release(i int, r *Record) int

	// block makes records break the order if they come after record i, which failed.
	block(i int, r *Record)

	// waiting returns all records that wait. None waits any more.
	waiting() []int
}

// newOrder returns the ordering rule of a target for a lane.
func (d *delivery) newOrder(l lane) order {
	if !d.target.Ordered || len(l.recs) == 0 {
		return anyOrder{}
	}
	blocked := blockedKeys{stageFailed: d.stageFailed[l.recs[0].Lane], keyless: d.keyless[l.recs[0].Lane]}
	if d.onePerKey() {
		return &keyOrder{blockedKeys: blocked, records: len(l.recs)}
	}
	return &laneOrder{blocked}
}

// onePerKey reports whether a request may hold only one record of a key.
func (d *delivery) onePerKey() bool { return d.limits.OnePerKey && !d.target.OrderRequests }

// anyOrder is the rule of targets that keep no order.
type anyOrder struct{}

func (anyOrder) free() bool               { return true }
func (anyOrder) strict() bool             { return false }
func (anyOrder) breaks(int, *Record) bool { return false }
func (anyOrder) waits(int, *Record) bool  { return false }
func (anyOrder) take(int, *Record)        {}
func (anyOrder) release(int, *Record) int { return 0 }
func (anyOrder) block(int, *Record)       {}
func (anyOrder) waiting() []int           { return nil }

// laneOrder is the rule of ordered targets that take a prefix of a request, or whose
// requests alone are in order: nothing is sent before an earlier record of the lane. So
// no record waits in a place of its own.
type laneOrder struct{ blockedKeys }

func (o *laneOrder) free() bool             { return o.none() }
func (*laneOrder) strict() bool             { return true }
func (*laneOrder) waits(int, *Record) bool  { return false }
func (*laneOrder) take(int, *Record)        {}
func (*laneOrder) release(int, *Record) int { return 0 }
func (*laneOrder) waiting() []int           { return nil }

// keyOrder is the rule of ordered targets that may refuse any record of a request. A
// request holds one record of a key, the first that is not delivered. The records of the
// key behind it wait in line, each for the one before it. Other keys go on.
type keyOrder struct {
	blockedKeys
	records int            // of the lane
	last    map[string]int // by key in a request or to be sent again: the end of its line
	next    []int          // by record: the next in line; 0: none. One list for all lines costs one allocation.
}

func (*keyOrder) free() bool   { return false }
func (*keyOrder) strict() bool { return false }

func (o *keyOrder) waits(i int, r *Record) bool {
	last, ok := o.last[r.Key]
	if ok {
		o.next[last], o.last[r.Key] = i, i
	}
	return ok
}

func (o *keyOrder) take(i int, r *Record) {
	if o.last == nil {
		o.last, o.next = make(map[string]int), make([]int, o.records)
	}
	o.last[r.Key] = i
}

func (o *keyOrder) release(i int, r *Record) int {
	if o.next == nil {
		return 0
	}
	next := o.next[i]
	o.next[i] = 0
	if next == 0 {
		delete(o.last, r.Key)
	}
	return next
}

func (o *keyOrder) waiting() (all []int) {
	for _, i := range o.next {
		if i > 0 {
			all = append(all, i)
		}
	}
	o.last, o.next = nil, nil
	return all
}

// blockedKeys are the keys with a failed record. Later records of such a key must not
// overtake it.
type blockedKeys struct {
	stageFailed map[string]*Record // by key: the first record that a stage failed
	keyless     *Record            // the first record that failed before it got its key; nil: none
	failed      map[string]int     // by key: the first record that failed permanently
}

func (b *blockedKeys) none() bool { return len(b.stageFailed)+len(b.failed) == 0 && b.keyless == nil }

func (b *blockedKeys) breaks(i int, r *Record) bool {
	if first, ok := b.failed[r.Key]; ok && i > first {
		return true
	}
	if len(b.stageFailed) == 0 && b.keyless == nil {
		return false
	}
	overtakes := false
	r.leaves(func(leaf *Record) {
		first := b.stageFailed[leaf.Key]
		overtakes = overtakes || first != nil && leaf.follows(first) || b.keyless != nil && leaf.follows(b.keyless)
	})
	if overtakes {
		b.block(i, r)
	}
	return overtakes
}

func (b *blockedKeys) block(i int, r *Record) {
	if b.failed == nil {
		b.failed = make(map[string]int)
	}
	if first, ok := b.failed[r.Key]; !ok || i < first {
		b.failed[r.Key] = i
	}
}
