package request

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/engine/ascii"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/rawjson"
)

// Acknowledgement is the form of an answer that acknowledges or refuses every record of a
// request: a JSON object with a list that has one object for each record. The object
// holds the record's id or an error code.
type Acknowledgement struct{ List, ID string }

// Refusal is a record that an answer refuses, with its error code.
type Refusal struct {
	record int
	code   string
}

// of returns the records, of n, that answer refuses; the answer acknowledges all others.
// It knows only the form that the services use for that. For any other answer ok is
// false, whatever the answer says, and the caller uses the SDK's decoder.
func (a Acknowledgement) of(answer []byte, n int) (refused []Refusal, ok bool) {
	s := ackScanner{answer}
	if !s.next('{') {
		return nil, false
	}
	told, failed := false, 0
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return nil, false
		}
		if string(key) == a.List {
			if told {
				return nil, false
			}
			if refused, told = a.records(&s, n); !told {
				return nil, false
			}
		} else if !s.harmless(key, &failed) {
			return nil, false
		}
		if !s.next(',') {
			break
		}
	}
	return refused, s.next('}') && told && failed <= len(refused) && s.blank()
}

// records reads the list of results for n records.
func (a Acknowledgement) records(s *ackScanner, n int) (refused []Refusal, ok bool) {
	if !s.next('[') {
		return nil, false
	}
	var before ackRecord
	for i := range n {
		if i > 0 && !s.next(',') {
			return nil, false
		}
		if before.again(s) {
			continue
		}
		r, code, ok := a.record(s)
		switch {
		case !ok:
			return nil, false
		case len(code) == 0:
			before = r
		case len(refused) > 0 && refused[len(refused)-1].code == string(code):
			refused = append(refused, Refusal{i, refused[len(refused)-1].code})
		default:
			refused = append(refused, Refusal{i, string(code)})
		}
	}
	return refused, s.next(']')
}

// Refusals is the outcome of a request whose records were acknowledged except for
// refused.
func Refusals(sink string, refused []Refusal) (o engine.Outcome) {
	var err error
	for i, r := range refused {
		if i == 0 || r.code != refused[i-1].code {
			err = classify.Code(sink, r.code)
		}
		o.Fail(r.record, err)
	}
	return o
}

// Fates is the outcome of a request of n records. For each record the answer has an id or
// an error code; failed is the number of failures that the answer gives. If that number
// is larger than the number of failures in the list, any other record may have failed.
func Fates(sink string, n int, failed int32, told func(i int) (id, code *string)) (o engine.Outcome) {
	var sure []int // acknowledged if failed is right
	for i := range n {
		id, code := told(i)
		switch {
		case aws.ToString(code) != "":
			o.Fail(i, classify.Code(sink, *code))
		case aws.ToString(id) == "":
			o.Fail(i, classify.Unacknowledged(sink))
		default:
			sure = append(sure, i)
		}
	}
	if int(failed) > n-len(sure) {
		for _, i := range sure {
			o.Fail(i, classify.Unacknowledged(sink))
		}
	}
	return o
}

// ackRecord is how an answer acknowledges a record, with the places of the values in it.
// All records of an answer have the same text except for these values.
type ackRecord struct {
	text   []byte
	values [2]struct{ start, end int }
	n      int // number of values
}

// again reads the acknowledgement of a record that differs from r only in its values.
func (r *ackRecord) again(s *ackScanner) bool {
	if len(r.text) == 0 || len(s.rest) < len(r.text) {
		return false
	}
	end := 0
	for _, v := range r.values[:r.n] {
		if string(s.rest[end:v.start]) != string(r.text[end:v.start]) || ascii.Len(s.rest[v.start:v.end]) < v.end-v.start {
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

// record reads the result of one record. The record is acknowledged if there is no code.
func (a Acknowledgement) record(s *ackScanner) (r ackRecord, code []byte, ok bool) {
	all := s.rest
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
		return r, nil, false
	}
	seen, has := false, false // whether there is an id
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return r, nil, false
		}
		if string(key) == a.ID {
			if seen {
				return r, nil, false
			}
			seen = true
		}
		var text []byte
		switch {
		case s.literal("null"): // same as missing
		case string(key) == a.ID:
			text, ok = value()
			ok, has = ok && len(text) > 0, true
		case string(key) == "ShardId":
			_, ok = value()
		case string(key) == "ErrorCode" && len(code) == 0:
			code, ok = s.text()
			ok = ok && len(code) > 0
		case string(key) == "ErrorMessage":
			_, ok = s.text()
		default: // unknown member
			return r, nil, false
		}
		if !ok {
			return r, nil, false
		}
		if !s.next(',') {
			ok = s.next('}') && (has || len(code) > 0)
			r.text = all[:len(all)-len(s.rest)]
			return r, code, ok
		}
	}
}

// ackScanner reads tokens from the start of a JSON text.
type ackScanner struct{ rest []byte }

// next reads the byte c.
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
	for len(s.rest) > 0 && rawjson.IsSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

// blank reports whether the text is used up.
func (s *ackScanner) blank() bool {
	s.skip()
	return len(s.rest) == 0
}

// text reads a string of ASCII without escapes.
func (s *ackScanner) text() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	end := ascii.Len(s.rest)
	if end == len(s.rest) || s.rest[end] != '"' {
		return nil, false
	}
	t := s.rest[:end]
	s.rest = s.rest[end+1:]
	return t, true
}

// literal reads exactly the given text.
func (s *ackScanner) literal(given string) bool {
	s.skip()
	if !bytes.HasPrefix(s.rest, []byte(given)) {
		return false
	}
	s.rest = s.rest[len(given):]
	return true
}

// harmless reads the value of key, and reports whether it adds nothing to the records
// except the number of failures.
func (s *ackScanner) harmless(key []byte, failed *int) (ok bool) {
	if s.literal("null") {
		return true
	}
	switch string(key) {
	case "FailedRecordCount", "FailedPutCount":
		*failed, ok = s.count()
	case "Encrypted":
		ok = s.literal("true") || s.literal("false")
	case "EncryptionType":
		_, ok = s.text()
	}
	return ok
}

// count reads a number without sign, point or exponent.
func (s *ackScanner) count() (n int, ok bool) {
	s.skip()
	digits := 0
	for digits < len(s.rest) && '0' <= s.rest[digits] && s.rest[digits] <= '9' {
		n = 10*n + int(s.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 9 || digits > 1 && s.rest[0] == '0' {
		return 0, false
	}
	s.rest = s.rest[digits:]
	return n, true
}
