package main

// log is what arrived at a destination, of records whose numbers go from 0 and whose
// keys take turns: that of record n is n modulo the number of keys. It keeps a byte a
// record and an int a key, however much arrives.
type log struct {
	arrivals   []uint8 // of each record, at most 255
	latest     []int   // number of the last record of each key; -1: none
	distinct   int     // records that arrived
	duplicates int     // arrivals of records that were there
	inversions int     // first arrivals of records behind a later one of their key
}

func newLog(records, keys int) *log {
	l := &log{arrivals: make([]uint8, records), latest: make([]int, keys)}
	for k := range l.latest {
		l.latest[k] = -1
	}
	return l
}

// take books an arrival.
func (l *log) take(n int) {
	if l.arrivals[n] < 255 {
		l.arrivals[n]++
	}
	if l.arrivals[n] > 1 {
		l.duplicates++
		return
	}
	l.distinct++
	key := n % len(l.latest)
	if n < l.latest[key] {
		l.inversions++
	}
	l.latest[key] = max(l.latest[key], n)
}

// last counts the keys whose last record is n or later.
func (l *log) last(n int) (keys int) {
	for _, latest := range l.latest {
		if latest >= n {
			keys++
		}
	}
	return keys
}
