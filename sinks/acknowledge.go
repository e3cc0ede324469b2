package sinks

import (
	"bytes"
)

// acknowledgement is the form of answers that acknowledge every record of a request:
// a JSON object with a list, of an object for each record, which has the record's id.
type acknowledgement struct{ list, id string }

// of reports whether answer acknowledges n records, and says nothing else of them.
// It knows just the form that services use for that. It is false for any other
// answer, also if that acknowledges everything: the SDK's decoder can tell.
func (a acknowledgement) of(answer []byte, n int) bool {
	s := ackScanner{answer}
	if !s.next('{') {
		return false
	}
	told := false
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return false
		}
		if string(key) == a.list {
			if told || !a.records(&s, n) {
				return false
			}
			told = true
		} else if !s.harmless(key) {
			return false
		}
		if !s.next(',') {
			break
		}
	}
	return s.next('}') && told && s.blank()
}

// records reports whether s goes on with a list of n records that are acknowledged.
func (a acknowledgement) records(s *ackScanner, n int) bool {
	if !s.next('[') {
		return false
	}
	var before ackRecord
	for i := range n {
		if i > 0 && !s.next(',') || !before.again(s) && !a.record(s, &before) {
			return false
		}
	}
	return s.next(']')
}

// ackRecord is the text of a record that is acknowledged, and where its values are in
// that. The records of an answer are written alike, so one is the next but for these.
type ackRecord struct {
	text   []byte
	values [2]struct{ start, end int }
	n      int // of the values
}

// again reads a record that is the one before but for its values.
func (r *ackRecord) again(s *ackScanner) bool {
	if len(r.text) == 0 || len(s.rest) < len(r.text) {
		return false
	}
	end := 0
	for _, v := range r.values[:r.n] {
		if string(s.rest[end:v.start]) != string(r.text[end:v.start]) || !literalText(s.rest[v.start:v.end]) {
			return false
		}
		end = v.end
	}
	if string(s.rest[end:len(r.text)]) != string(r.text[end:]) {
		return false
	}
	s.rest = s.rest[len(r.text):]
	return true
}

// record reports whether s goes on with a record that is acknowledged, and sets r to
// it.
func (a acknowledgement) record(s *ackScanner, r *ackRecord) bool {
	all := s.rest
	*r = ackRecord{}
	value := func() (text []byte, ok bool) {
		if text, ok = s.text(); !ok || r.n == len(r.values) {
			return nil, false
		}
		v := &r.values[r.n]
		v.end = len(all) - len(s.rest) - len(`"`)
		v.start = v.end - len(text)
		r.n++
		return text, true
	}
	if !s.next('{') {
		return false
	}
	has := false
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return false
		}
		switch {
		case s.literal("null"): // as good as missing
		case string(key) == a.id && !has:
			id, ok := value()
			if !ok || len(id) == 0 {
				return false
			}
			has = true
		case string(key) == "ShardId":
			if _, ok := value(); !ok {
				return false
			}
		default: // an error, or something new
			return false
		}
		if !s.next(',') {
			ok = s.next('}') && has
			r.text = all[:len(all)-len(s.rest)]
			return ok
		}
	}
}

// ackScanner reads tokens off the start of what is left of a JSON text.
type ackScanner struct{ rest []byte }

// next reads c.
func (s *ackScanner) next(c byte) bool {
	s.skip()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// skip skips white space.
func (s *ackScanner) skip() {
	for len(s.rest) > 0 && isSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

// blank reports whether nothing is left.
func (s *ackScanner) blank() bool {
	s.skip()
	return len(s.rest) == 0
}

// text reads a string of ASCII without escapes.
func (s *ackScanner) text() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 || !literalText(s.rest[:end]) {
		return nil, false
	}
	t := s.rest[:end]
	s.rest = s.rest[end+1:]
	return t, true
}

// literalText reports whether all of text is plain.
func literalText(text []byte) bool {
	odd := uint64(0)
	for ; len(text) >= 32; text = text[32:] {
		odd |= special(eight(text, 0)) | special(eight(text, 8)) | special(eight(text, 16)) | special(eight(text, 24))
	}
	for ; len(text) >= 8; text = text[8:] {
		odd |= special(eight(text, 0))
	}
	for _, c := range text {
		if !isPlain(c) {
			return false
		}
	}
	return odd&high == 0
}

// literal reads what is written as given.
func (s *ackScanner) literal(given string) bool {
	s.skip()
	if !bytes.HasPrefix(s.rest, []byte(given)) {
		return false
	}
	s.rest = s.rest[len(given):]
	return true
}

// harmless reads the value of key if it says that nothing failed.
func (s *ackScanner) harmless(key []byte) bool {
	if s.literal("null") {
		return true
	}
	switch string(key) {
	case "FailedRecordCount", "FailedPutCount":
		return s.literal("0")
	case "Encrypted":
		return s.literal("true") || s.literal("false")
	case "EncryptionType":
		_, ok := s.text()
		return ok
	}
	return false
}
