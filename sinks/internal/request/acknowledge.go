package request

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/engine/ascii"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/rawjson"
)

// refusal is a record that an answer refuses, with its error code.
type refusal struct {
	record int
	code   string
}

// Outcome is the outcome of a call that Put made without an error. For each of n results
// of the answer, result returns its id and its error code; one of them is set. failed is
// the number of failures that the answer gives. The caller takes all of them from the
// SDK's output, which is empty if the answer had the usual form.
func (c *Call) Outcome(n int, failed *int32, result func(i int) (id, code *string)) engine.Outcome {
	switch {
	case c.acknowledged:
		return c.refused()
	case n != c.records:
		return engine.Failed(classify.Miscounted(c.sink, c.records, n))
	}
	return c.outcome(int(aws.ToInt32(failed)), result)
}

// refused is the outcome if the answer acknowledges all records but the refusals.
func (c *Call) refused() (o engine.Outcome) {
	var err error
	for i, r := range c.refusals {
		if i == 0 || r.code != c.refusals[i-1].code {
			err = classify.Code(c.sink, r.code)
		}
		o.Fail(r.record, err)
	}
	return o
}

// outcome is the outcome of results that the SDK decoded. If the answer gives more
// failures than its results have, any other record may have failed.
func (c *Call) outcome(failed int, result func(i int) (id, code *string)) (o engine.Outcome) {
	var delivered []int // if failed is right
	for i := range c.records {
		id, code := result(i)
		switch {
		case aws.ToString(code) != "":
			o.Fail(i, classify.Code(c.sink, *code))
		case aws.ToString(id) == "":
			o.Fail(i, classify.Unacknowledged(c.sink))
		default:
			delivered = append(delivered, i)
		}
	}
	if failed > c.records-len(delivered) {
		for _, i := range delivered {
			o.Fail(i, classify.Unacknowledged(c.sink))
		}
	}
	return o
}

// refusals returns the records, of n, that answer refuses; the answer acknowledges all
// others. It knows only the usual form: a JSON object with a list that has one object for
// each record, with an id or an error code. For any other answer ok is false, whatever
// the answer says, and the caller uses the SDK's decoder.
func (f *Form) refusals(answer []byte, n int) (refused []refusal, ok bool) {
	s := scanner{answer}
	if !s.next('{') {
		return nil, false
	}
	found, failed := false, 0
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return nil, false
		}
		if string(key) == f.Results {
			if found {
				return nil, false
			}
			if refused, found = f.results(&s, n); !found {
				return nil, false
			}
		} else if !s.other(key, &failed) {
			return nil, false
		}
		if !s.next(',') {
			break
		}
	}
	return refused, s.next('}') && found && failed <= len(refused) && s.blank()
}

// results reads the list of results for n records.
func (f *Form) results(s *scanner, n int) (refused []refusal, ok bool) {
	if !s.next('[') {
		return nil, false
	}
	var before resultText
	for i := range n {
		if i > 0 && !s.next(',') {
			return nil, false
		}
		if before.again(s) {
			continue
		}
		r, code, ok := f.result(s)
		switch {
		case !ok:
			return nil, false
		case len(code) == 0:
			before = r
		case len(refused) > 0 && refused[len(refused)-1].code == string(code):
			refused = append(refused, refusal{i, refused[len(refused)-1].code})
		default:
			refused = append(refused, refusal{i, string(code)})
		}
	}
	return refused, s.next(']')
}

// resultText is the text that acknowledges a record, with the places of the values in it. All
// records of an answer have the same text except for these values.
type resultText struct {
	text   []byte
	values [2]struct{ start, end int }
	n      int // number of values
}

// again reads the acknowledgement of a record that differs from r only in its values.
func (r *resultText) again(s *scanner) bool {
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

// result reads the result of one record. The record is acknowledged if there is no code.
func (f *Form) result(s *scanner) (r resultText, code []byte, ok bool) {
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
	seen, has := false, false // an id
	for {
		key, ok := s.text()
		if !ok || !s.next(':') {
			return r, nil, false
		}
		if string(key) == f.ID {
			if seen {
				return r, nil, false
			}
			seen = true
		}
		var text []byte
		switch {
		case s.literal("null"): // same as missing
		case string(key) == f.ID:
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

// scanner reads tokens from the start of a JSON text.
type scanner struct{ rest []byte }

// next reads the byte c.
func (s *scanner) next(c byte) bool {
	s.skip()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// skip skips white space.
func (s *scanner) skip() {
	for len(s.rest) > 0 && rawjson.IsSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

// blank reports whether the text is used up.
func (s *scanner) blank() bool {
	s.skip()
	return len(s.rest) == 0
}

// text reads a string of ASCII without escapes.
func (s *scanner) text() ([]byte, bool) {
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
func (s *scanner) literal(given string) bool {
	s.skip()
	if !bytes.HasPrefix(s.rest, []byte(given)) {
		return false
	}
	s.rest = s.rest[len(given):]
	return true
}

// other reads the value of key, which is not the list of results. It reports whether the
// value says nothing about the records except the number of failures.
func (s *scanner) other(key []byte, failed *int) (ok bool) {
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
func (s *scanner) count() (n int, ok bool) {
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
