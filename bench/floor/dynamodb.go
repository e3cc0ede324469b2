package main

import "bytes"

var (
	beforeImage = []byte(`"NewImage":`)
	afterImage  = []byte(`,"SequenceNumber":`)
)

// scanImages appends the new images of an event, as DynamoDB JSON, to records.
func scanImages(event []byte, records []record) []record {
	for {
		var r record
		var ok bool
		if _, event, ok = bytes.Cut(event, beforeImage); !ok {
			return records
		}
		r.data, event, _ = bytes.Cut(event, afterImage)
		records = append(records, r)
	}
}

// isImage distinguishes DynamoDB JSON from base64.
func isImage(data []byte) bool { return data[0] == '{' }

// escapePlain appends an image as plain JSON, as part of a JSON string.
func escapePlain(out, image []byte) []byte {
	out, _ = attributes(out, image)
	return out
}

// attributes appends the attributes at the start of in, an object of at least one, and
// returns the rest of in, like all functions below.
func attributes(out, in []byte) (_, rest []byte) {
	for in[0] != '}' {
		out = append(out, in[0]) // a brace or a comma
		out, in = text(out, in[1:])
		out = append(out, ':')
		out, in = value(out, in[len(`:{"`):])
		in = in[1:] // the brace after it
	}
	return append(out, '}'), in[1:]
}

// value appends the value whose type starts in: S, SS, N, BOOL or M.
func value(out, in []byte) (_, rest []byte) {
	switch in[0] {
	case 'N':
		number, rest, _ := bytes.Cut(in[len(`N":"`):], quote)
		return append(out, number...), rest
	case 'B':
		end := bytes.IndexByte(in, '}')
		return append(out, in[len(`BOOL":`):end]...), in[end:]
	case 'M':
		return attributes(out, in[len(`M":`):])
	}
	if in[1] == 'S' {
		return texts(out, in[len(`SS":`):])
	}
	return text(out, in[len(`S":`):])
}

// texts appends an array of at least one string.
func texts(out, in []byte) (_, rest []byte) {
	for in[0] != ']' {
		out = append(out, in[0]) // a bracket or a comma
		out, in = text(out, in[1:])
	}
	return append(out, ']'), in[1:]
}

// text appends a string in which only quotation marks are escaped.
func text(out, in []byte) (_, rest []byte) {
	out = append(out, `\"`...)
	start, i := 1, 1
	for ; in[i] != '"'; i++ {
		if in[i] == '\\' {
			out = append(append(out, in[start:i]...), `\\\`...)
			i++
			start = i
		}
	}
	return append(append(out, in[start:i]...), `\"`...), in[i+1:]
}
