package main

// log counts the arrivals at a destination. Records have numbers from 0, and their keys
// take turns: the key of record n is n modulo the number of keys. The log keeps a byte
// per record and an int per key, however many records arrive.
type log struct {
	arrivals   []uint8 // of each record, at most 255
	latest     []int   // number of the last record of each key; -1: none
	distinct   int     // records that arrived
	duplicates int     // arrivals of records that had arrived before
	inversions int     // first arrivals after a later record of the same key
}

func newLog(records, keys int) *log {
	l := &log{arrivals: make([]uint8, records), latest: make([]int, keys)}
	for k := range l.latest {
		l.latest[k] = -1
	}
	return l
}

// take counts an arrival.
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
