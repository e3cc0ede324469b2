package request

import (
	"fanout/engine"
	"fanout/engine/ascii"
	"fanout/internal/jsonscan"
	"fanout/sinks/internal/classify"
)

// refusal is a record that an answer refuses, with its error code.
type refusal struct {
	record int
	code   string
}

// Outcome is the outcome of a call that Put made without an error.
func (c *Call) Outcome() engine.Outcome {
	switch {
	case c.acknowledged:
		return c.refused()
	case len(c.results) != c.records:
		return engine.Failed(classify.Miscounted(c.sink, c.records, len(c.results)))
	}
	return c.outcome()
}

// Shard returns the id of the shard that took record i, or "" if the answer does not name it.
func (c *Call) Shard(i int) string {
	if i < len(c.results) {
		return c.results[i].Shard
	}
	return ""
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

// outcome is the outcome of an answer in another form. If it gives more failures than its
// results have, any other record may have failed.
func (c *Call) outcome() (o engine.Outcome) {
	var delivered []int // if the number of failures is right
	for i := range c.results {
		switch r := &c.results[i]; {
		case r.Code != "":
			o.Fail(i, classify.Code(c.sink, r.Code))
		case r.ID == "":
			o.Fail(i, classify.Unacknowledged(c.sink))
		default:
			delivered = append(delivered, i)
		}
	}
	if c.failed > c.records-len(delivered) {
		for _, i := range delivered {
			o.Fail(i, classify.Unacknowledged(c.sink))
		}
	}
	return o
}

// refusals returns the records, of n, that answer refuses; the answer acknowledges all
// others. It knows only the usual form: a JSON object with a list that has one object for
// each record, with an id or an error code. For any other answer ok is false.
func (f *Form) refusals(answer []byte, n int) (refused []refusal, ok bool) {
	c := jsonscan.Cursor{Text: answer}
	found, failed := false, 0
	_, ok = c.Object(func(name jsonscan.Value) bool {
		if string(name.Raw) != f.Results {
			return other(&c, name, &failed)
		}
		twice := found
		refused, found = f.results(&c, n)
		return found && !twice
	})
	return refused, ok && found && failed <= len(refused) && c.End()
}

// results reads the list of results for n records.
func (f *Form) results(c *jsonscan.Cursor, n int) (refused []refusal, ok bool) {
	var before resultText
	i := 0
	more, ok := c.Enter('[')
	for ; more && ok; i++ {
		if i == n {
			return nil, false
		}
		c.Peek()
		if !before.again(c) {
			r, code, ok := f.result(c)
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
		more, ok = c.Next(']')
	}
	return refused, ok && i == n
}

// resultText is the text that acknowledges a record, with the places of the values in it. All
// records of an answer have the same text except for these values.
type resultText struct {
	text   []byte
	values [2]struct{ start, end int }
	n      int // number of values
}

// again reads the acknowledgement of a record that differs from r only in its values.
func (r *resultText) again(c *jsonscan.Cursor) bool {
	rest := c.Text[c.Pos:]
	if len(r.text) == 0 || len(rest) < len(r.text) {
		return false
	}
	end := 0
	for _, v := range r.values[:r.n] {
		if string(rest[end:v.start]) != string(r.text[end:v.start]) || ascii.Len(rest[v.start:v.end]) < v.end-v.start {
			return false
		}
		end = v.end
	}
	if string(rest[end:len(r.text)]) != string(r.text[end:]) {
		return false
	}
	c.Pos += len(r.text)
	return true
}

// result reads the result of one record. The record is acknowledged if there is no code.
func (f *Form) result(c *jsonscan.Cursor) (r resultText, code []byte, ok bool) {
	start := c.Pos
	value := func() (text []byte, ok bool) {
		if text, ok = plainText(c); !ok || r.n == len(r.values) {
			return nil, false
		}
		v := &r.values[r.n]
		v.end = c.Pos - len(`"`) - start
		v.start = v.end - len(text)
		r.n++
		return text, true
	}
	seen, has := false, false // an id
	v, ok := c.Object(func(name jsonscan.Value) (ok bool) {
		isID := string(name.Raw) == f.ID
		if isID && seen || name.Kind != jsonscan.Plain {
			return false
		}
		seen = seen || isID
		var text []byte
		switch {
		case c.Peek() == 'n': // null is the same as missing
			return c.Literal("null")
		case isID:
			text, ok = value()
			has = len(text) > 0
			return ok && has
		case string(name.Raw) == "ShardId":
			_, ok = value()
		case string(name.Raw) == "ErrorCode" && len(code) == 0:
			code, ok = plainText(c)
			return ok && len(code) > 0
		case string(name.Raw) == "ErrorMessage":
			_, ok = plainText(c)
		}
		return ok // unknown members are not
	})
	r.text = c.Since(start)
	return r, code, ok && v.Kind == jsonscan.Object && (has || len(code) > 0)
}

// plainText reads a string without escapes.
func plainText(c *jsonscan.Cursor) ([]byte, bool) {
	v, ok := c.String()
	return v.Raw, ok && v.Kind == jsonscan.Plain
}

// other reads the value of a member that is not the list of results. It reports whether
// the value says nothing about the records except the number of failures.
func other(c *jsonscan.Cursor, name jsonscan.Value, failed *int) (ok bool) {
	v, ok := c.Value()
	if !ok || name.Kind != jsonscan.Plain {
		return false
	}
	if v.Kind == jsonscan.Null {
		return true
	}
	switch string(name.Raw) {
	case "FailedRecordCount", "FailedPutCount", "FailedEntryCount":
		*failed, ok = count(v)
		return ok
	case "Encrypted":
		return v.Kind == jsonscan.Boolean
	case "EncryptionType":
		return v.Kind == jsonscan.Plain
	}
	return false
}

// count returns the value of a number without sign, point or exponent.
func count(v jsonscan.Value) (n int, ok bool) {
	if v.Kind != jsonscan.Number || len(v.Raw) > 9 {
		return 0, false
	}
	for _, c := range v.Raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
