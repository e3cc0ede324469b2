package engine

// divide divides the lanes of an ordered target by key, so that a shard can have several
// requests in flight. It makes no more lanes than can fill their requests.
func (d *delivery) divide(lanes []lane) []lane {
	most := min(d.target.Lanes, d.target.InFlight)
	if most <= 1 {
		return lanes
	}
	var all []lane
	for _, l := range lanes {
		keys := keysOf(l.recs)
		if n := min(spread(d.requests(l.recs, keys), most), len(keys.counts)); n > 1 {
			all = append(all, l.deal(keys, n)...)
		} else {
			all = append(all, l)
		}
	}
	return all
}

// keyed holds the keys of records, numbered in the order in which they appear.
type keyed struct {
	counts []int // by key: its records
	of     []int // by record: its key
}

func keysOf(recs []Record) keyed {
	keys, numbers := keyed{of: make([]int, len(recs))}, make(map[string]int)
	for i := range recs {
		k, known := numbers[recs[i].Key]
		if !known {
			k = len(keys.counts)
			numbers[recs[i].Key] = k
			keys.counts = append(keys.counts, 0)
		}
		keys.of[i] = k
		keys.counts[k]++
	}
	return keys
}

// requests returns how many requests hold the records that can be sent at once: all of
// recs, or the first one of each key.
func (d *delivery) requests(recs []Record, keys keyed) int {
	seen := 0
	n, p := 1, d.newPacker()
	for i := range recs {
		if first := keys.of[i] == seen; first {
			seen++
		} else if d.onePerKey() {
			continue
		}
		if size := d.size(&recs[i]); !p.add(&recs[i], size) {
			n++
			p.n, p.bytes = 0, 0
			p.add(&recs[i], size)
		}
	}
	return n
}

// spread returns the fewest lanes, at most most, that send the requests in as few rounds as
// most lanes do. Fewer lanes have fuller requests.
func spread(requests, most int) int {
	rounds := (requests + most - 1) / most
	return (requests + rounds - 1) / rounds
}

// deal divides l into n lanes with about as many records each. Records of a key stay in
// one lane, in order.
func (l *lane) deal(keys keyed, n int) []lane {
	sizes, of := make([]int, n), make([]int, len(keys.counts)) // of: the lane of each key
	for k, count := range keys.counts {
		for i := range sizes {
			if sizes[i] < sizes[of[k]] {
				of[k] = i
			}
		}
		sizes[of[k]] += count
	}
	room, dealt := make([]Record, len(l.recs)), make([]lane, n)
	for i, size := range sizes {
		dealt[i].recs, room = room[:0:size], room[size:]
	}
	cuts := l.cuts
	for i := range l.recs {
		if len(cuts) > 0 && cuts[0] == i {
			for k := range dealt {
				dealt[k].cut()
			}
			cuts = cuts[1:]
		}
		to := &dealt[of[keys.of[i]]]
		to.recs = append(to.recs, l.recs[i])
		to.recs[len(to.recs)-1].at = int32(len(to.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
	}
	return dealt
}
