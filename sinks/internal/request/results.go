package request

import (
	"strconv"

	"fanout/internal/jsonscan"
)

// Result is the result of one record: an id, or the code of an error.
type Result struct {
	ID, Code string
	Shard    string // of Kinesis
}

// decode reads an answer of any form as the SDK does: names match exactly, null is the same as
// missing, the last of two members with one name counts, and other members are ignored. An
// answer without text has no results.
func (f *Form) decode(answer []byte) (results []Result, failed int, err error) {
	c := jsonscan.Cursor{Text: answer, AnyBytes: true}
	if c.End() {
		return nil, 0, nil
	}
	v, ok := c.Object(func(name jsonscan.Value) bool {
		switch string(name.Content()) {
		case f.Results:
			results = nil
			list, ok := c.Array(func() bool {
				r, ok := f.decodeResult(&c)
				results = append(results, r)
				return ok
			})
			return ok && (list.Kind == jsonscan.Array || list.Kind == jsonscan.Null)
		case "FailedRecordCount", "FailedPutCount", "FailedEntryCount":
			v, ok := c.Value()
			failed = 0
			if v.Given() {
				failed, err = strconv.Atoi(string(v.Raw))
			}
			return ok && err == nil && (v.Kind == jsonscan.Number || !v.Given())
		case "EncryptionType":
			v, ok := c.Value()
			return ok && (v.IsString() || !v.Given())
		case "Encrypted":
			v, ok := c.Value()
			return ok && (v.Kind == jsonscan.Boolean || !v.Given())
		}
		_, ok := c.Value()
		return ok
	})
	if !ok || !c.End() || v.Kind != jsonscan.Object && v.Kind != jsonscan.Null {
		return nil, 0, ErrPart
	}
	return results, failed, nil
}

// decodeResult reads the result of one record.
func (f *Form) decodeResult(c *jsonscan.Cursor) (r Result, ok bool) {
	v, ok := c.Object(func(name jsonscan.Value) bool {
		var ignored string
		var into *string
		switch string(name.Content()) {
		case f.ID:
			into = &r.ID
		case "ErrorCode":
			into = &r.Code
		case "ErrorMessage":
			into = &ignored
		case "ShardId":
			into = &r.Shard
		}
		v, ok := c.Value()
		if !ok || into == nil {
			return ok
		}
		*into = string(v.Content())
		return v.IsString() || !v.Given()
	})
	return r, ok && (v.Kind == jsonscan.Object || v.Kind == jsonscan.Null)
}
