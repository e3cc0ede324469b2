package sinks

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
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
	for i := range n {
		if i > 0 && !s.next(',') || !a.record(s) {
			return false
		}
	}
	return s.next(']')
}

// record reports whether s goes on with a record that is acknowledged.
func (a acknowledgement) record(s *ackScanner) bool {
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
			id, ok := s.text()
			if !ok || len(id) == 0 {
				return false
			}
			has = true
		case string(key) == "ShardId":
			if _, ok := s.text(); !ok {
				return false
			}
		default: // an error, or something new
			return false
		}
		if !s.next(',') {
			return s.next('}') && has
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

// literalText reports whether text, which has no quote, is ASCII that stands for itself
// in a JSON string. A byte that is not sets a high bit; others then may, but no others
// do without it.
func literalText(text []byte) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	odd := uint64(0)
	for ; len(text) >= 8; text = text[8:] {
		w := binary.LittleEndian.Uint64(text)
		odd |= w | (w - ' '*each) | ((w ^ '\\'*each) - each)
	}
	for _, c := range text {
		if c < ' ' || c == '\\' || c >= utf8.RuneSelf {
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
