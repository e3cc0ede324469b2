package main

import (
	"bytes"
	"hash/maphash"
	"net/http"
)

// memory is how a target recognizes a record that it has.
type memory interface {
	// recognize reports whether the target has record n, which comes in a request with an id,
	// and whether it has a later record in its place, for which it refuses the request.
	recognize(n int, id string) (known, superseded bool)
}

// byNumber recognizes a record by itself, as an _id or a deduplication id that is made of it.
type byNumber struct{ log *log }

func (m byNumber) recognize(n int, _ string) (known, superseded bool) {
	return m.log.arrivals[n] > 0, false
}

// byID recognizes a record by the id of its request. It keeps the hash of the first id of each
// record, so a record that comes with another id is a new one.
type byID struct {
	seed maphash.Seed
	ids  []uint64
}

func newByID(records int) *byID { return &byID{maphash.MakeSeed(), make([]uint64, records)} }

func (m *byID) recognize(n int, id string) (known, superseded bool) {
	hash := maphash.String(m.seed, id)
	if m.ids[n] != 0 {
		return m.ids[n] == hash, false
	}
	m.ids[n] = hash
	return false, false
}

// items is a table with an item for each key. It has the positions of the items' last changes,
// and keeps the condition of a request: no earlier change replaces a later one.
type items []string

func (m items) recognize(n int, position string) (known, superseded bool) {
	latest := &m[n%len(m)]
	if position == "" { // no condition
		return false, false
	}
	if position <= *latest {
		return true, position < *latest
	}
	*latest = position
	return false, false
}

// nameOf returns the name of the execution that a request starts.
func nameOf(_ *http.Request, body []byte) string { return between(body, `"name":"`) }

// positionOf returns the position that the condition of a PutItem compares.
func positionOf(_ *http.Request, body []byte) string {
	return between(body, `":seq":{"S":"`)
}

// between returns the text behind start, up to the next quotation mark.
func between(body []byte, start string) string {
	_, text, _ := bytes.Cut(body, []byte(start))
	text, _, _ = bytes.Cut(text, []byte(`"`))
	return string(text)
}
