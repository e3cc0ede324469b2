package engine

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"fanout/engine/ascii"
)

// Payload is the data of a record: bytes, or the base64 text they came in. It
// converts between the two at most once, on the first request for the other form,
// and every copy of a Payload shares the result. A record that goes from one base64
// API to another is therefore never decoded.
//
// Targets share the results of Bytes and Text: never write into them. The zero
// Payload is empty. A Payload is safe for concurrent use.
type Payload struct{ c *forms }

// forms holds both forms. source is the form the data came in and never changes;
// converted is the result of converting it.
type forms struct {
	source    []byte
	converted []byte
	once      sync.Once
	textCheck atomic.Uint32 // result of IsText; 0: not checked
	knownJSON atomic.Bool   // set by MarkJSON
	requested atomic.Bool   // the other form was requested
	decoded   int32         // decoded size in bytes, if source is base64 text
	encoded   bool          // source is base64 text
	standIn   bool          // it replaces data that the source did not give
	reference bool          // it says where data is stored that is too large for the target
	err       error
}

// Bytes returns a Payload of b, which the caller must not change afterwards.
func Bytes(b []byte) Payload { return Payload{&forms{source: b}} }

// KnownText is like Bytes but marks b as text, so that IsText does not scan it.
func KnownText(b []byte) Payload {
	c := &forms{source: b}
	c.textCheck.Store(textData)
	return Payload{c}
}

// Base64 returns a Payload of data in standard padded base64 (RFC 4648, section 4),
// as Kinesis and Firehose write it. Invalid text gives a Payload with a non-nil
// Err, and the engine fails its record.
func Base64(text []byte) Payload {
	c := &forms{}
	c.setBase64(text)
	return Payload{c}
}

// Unreadable returns the Payload of a record with unreadable data. The engine fails
// such a record with err, in every target.
func Unreadable(err error) Payload {
	return Payload{&forms{err: &Error{Class: Permanent, Err: cmp.Or(err, errNoReason)}}}
}

// StandIn marks p as a replacement for data that the source did not give, and
// returns it. Records derived by With keep the mark. Call StandIn before anything
// else uses p.
func (p Payload) StandIn() Payload {
	if p.c != nil {
		p.c.standIn = true
	}
	return p
}

// IsStandIn reports whether p replaces data that the source did not give. A target
// that keeps the latest data of a key must not overwrite it with p.
func (p Payload) IsStandIn() bool { return p.c != nil && p.c.standIn }

// Payloads hands out payloads for many records from one allocation. The zero
// Payloads allocates each one separately.
type Payloads struct{ free, all []forms }

// NewPayloads returns a source of n payloads in one allocation. Payloads beyond n
// are allocated separately.
func NewPayloads(n int) *Payloads {
	p := new(Payloads)
	p.Reuse(n)
	return p
}

// Reuse makes p a source of n payloads, and reuses the memory if it suffices. The
// earlier payloads must no longer be in use.
func (p *Payloads) Reuse(n int) {
	p.Free()
	p.all = slices.Grow(p.all, n)[:n]
	p.free = p.all
}

// Free drops the references that the payloads hold, and keeps their memory. The
// payloads must no longer be in use.
func (p *Payloads) Free() {
	clear(p.all)
	p.all, p.free = p.all[:0], nil
}

func (p *Payloads) next() *forms {
	if len(p.free) == 0 {
		return &forms{}
	}
	c := &p.free[0]
	p.free = p.free[1:]
	return c
}

// Bytes is like the function Bytes.
func (p *Payloads) Bytes(b []byte) Payload {
	c := p.next()
	c.source = b
	return Payload{c}
}

// Base64 is like the function Base64.
func (p *Payloads) Base64(text []byte) Payload {
	c := p.next()
	c.setBase64(text)
	return Payload{c}
}

var errBase64 = errors.New("the record's data is not valid base64")

func (c *forms) setBase64(text []byte) {
	if !validBase64(text) {
		c.err = &Error{Class: Permanent, Err: errBase64}
		return
	}
	// The length is counted here because the text may leave the processor's cache
	// later.
	c.source, c.encoded, c.decoded = text, true, int32(decodedLen(text)) //nolint:gosec // a record has far fewer than 2³¹ bytes
}

// Err returns why the data could not be read, or nil.
func (p Payload) Err() error {
	if p.c == nil {
		return nil
	}
	return p.c.err
}

// Encoded reports whether the data came as base64 text. If so, Text needs no
// conversion, and Bytes does.
func (p Payload) Encoded() bool { return p.c != nil && p.c.encoded }

// Len returns the number of bytes without converting.
func (p Payload) Len() int {
	switch {
	case p.c == nil:
		return 0
	case p.c.encoded:
		return int(p.c.decoded)
	default:
		return len(p.c.source)
	}
}

// TextLen returns the length of the base64 text without converting.
func (p Payload) TextLen() int {
	switch {
	case p.c == nil:
		return 0
	case p.c.encoded:
		return len(p.c.source)
	default:
		return base64.StdEncoding.EncodedLen(len(p.c.source))
	}
}

// Bytes returns the data as bytes.
func (p Payload) Bytes() []byte {
	if p.c == nil {
		return nil
	}
	if p.c.encoded {
		p.c.once.Do(p.c.decode)
		return p.c.converted
	}
	return p.c.source
}

// ReadBytes returns the data as bytes to one reader, who needs them only once. Data in
// base64 is decoded into room, and the result is not kept. It is valid until room is used
// again.
func (p Payload) ReadBytes(room []byte) []byte {
	if p.c == nil || !p.c.encoded {
		return p.Bytes()
	}
	room = slices.Grow(room[:0], int(p.c.decoded))[:p.c.decoded]
	decodeBase64(room, p.c.source)
	return room
}

// Text returns the data as standard padded base64.
func (p Payload) Text() []byte {
	if p.c == nil {
		return nil
	}
	if !p.c.encoded {
		p.c.once.Do(p.c.encode)
		return p.c.converted
	}
	return p.c.source
}

// AppendText appends the data as standard padded base64. Use it instead of Text
// when the data is copied anyway: the first conversion is not kept, because a
// single reader needs no cache.
func (p Payload) AppendText(b []byte) []byte {
	if p.c != nil && !p.c.encoded && !p.c.requested.Swap(true) {
		return base64.StdEncoding.AppendEncode(b, p.c.source)
	}
	return append(b, p.Text()...)
}

// AppendBytes appends the data as bytes. Use it instead of Bytes when the data is
// copied anyway: if the data is not decoded yet, it is decoded into b, and all
// later readers share that memory. So the appended bytes must never change.
func (p Payload) AppendBytes(b []byte) []byte {
	if p.c == nil {
		return b
	}
	n, grown := len(b), b
	if p.c.encoded {
		p.c.once.Do(func() {
			p.c.requested.Store(true)
			grown = slices.Grow(b, int(p.c.decoded))[:n+int(p.c.decoded)]
			p.c.converted = grown[n:len(grown):len(grown)]
			decodeBase64(p.c.converted, p.c.source)
		})
	}
	if len(grown) > n {
		return grown
	}
	return append(b, p.Bytes()...)
}

// DecodeBase64 decodes all records that came in base64, into one allocation.
func DecodeBase64(recs []Record) {
	n := 0
	for i := range recs {
		if c := recs[i].Data.c; c != nil && c.encoded && !c.requested.Load() {
			n += int(c.decoded)
		}
	}
	room := make([]byte, n)
	for i := range recs {
		c := recs[i].Data.c
		if c == nil || !c.encoded || len(room) < int(c.decoded) {
			continue
		}
		c.once.Do(func() {
			c.requested.Store(true)
			c.converted, room = room[:c.decoded:c.decoded], room[c.decoded:]
			decodeBase64(c.converted, c.source)
		})
	}
}

func (c *forms) decode() {
	c.requested.Store(true)
	c.converted = make([]byte, c.decoded)
	decodeBase64(c.converted, c.source)
}

func (c *forms) encode() {
	c.converted = base64.StdEncoding.AppendEncode(nil, c.source)
}

// IsText reports whether the data is UTF-8 and holds only characters that XML 1.0
// allows (section 2.2). Services with text messages require this. The data is
// scanned once, and the result is shared.
func (p Payload) IsText() bool {
	if p.c == nil {
		return true
	}
	if p.c.textCheck.Load() == 0 {
		found := uint32(binaryData)
		if isText(p.Bytes()) {
			found = textData
		}
		p.c.textCheck.Store(found)
	}
	return p.c.textCheck.Load() == textData
}

// MarkJSON marks the data as JSON: UTF-8 without characters that XML forbids. Later
// stages then skip the check.
func (p Payload) MarkJSON() {
	if p.c != nil {
		p.c.knownJSON.Store(true)
	}
}

// KnownJSON reports whether a stage has marked the data as JSON.
func (p Payload) KnownJSON() bool { return p.c != nil && p.c.knownJSON.Load() }

// Results of IsText.
const (
	textData = iota + 1
	binaryData
)

// validBase64 reports whether encoding/base64 would decode text. Line breaks make
// text invalid: services reject them, and they would hide the decoded size.
func validBase64(text []byte) bool {
	n := len(text)
	if n%4 != 0 {
		return false
	}
	for pad := 0; n > 0 && pad < 2 && text[n-1] == '='; pad++ {
		n--
	}
	good := ^uint64(0)
	for text = text[:n]; len(text) >= 32; text = text[32:] {
		good &= inAlphabet(binary.LittleEndian.Uint64(text)) & inAlphabet(binary.LittleEndian.Uint64(text[8:])) &
			inAlphabet(binary.LittleEndian.Uint64(text[16:])) & inAlphabet(binary.LittleEndian.Uint64(text[24:]))
	}
	for ; len(text) >= 8; text = text[8:] {
		good &= inAlphabet(binary.LittleEndian.Uint64(text))
	}
	last := [8]byte{'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'}
	copy(last[:], text)
	return good&inAlphabet(binary.LittleEndian.Uint64(last[:]))&ascii.High == ascii.High
}

// inAlphabet sets the high bit of each byte of w that is a digit of standard
// base64, if all bytes are below 0x80. Otherwise it leaves at least one high bit
// clear (see package ascii). The code is written out so that the compiler inlines it.
//
// The slash precedes the digits in ASCII. Setting bit 5 turns a letter into lower
// case and makes no other byte a letter.
func inAlphabet(w uint64) uint64 {
	const letter, pastLetter = (0x80 - 'a') * ascii.Each, (0x80 - 'z' - 1) * ascii.Each
	const digit, pastDigit = (0x80 - '/') * ascii.Each, (0x80 - '9' - 1) * ascii.Each
	lower := w | 0x20*ascii.Each
	letters := (lower + letter) &^ (lower + pastLetter)
	digits := (w + digit) &^ (w + pastDigit)
	plus := ^((w ^ '+'*ascii.Each) + 0x7F*ascii.Each)
	return (letters | digits | plus) &^ w
}

// decodedLen returns the exact number of bytes that valid padded base64 decodes to.
func decodedLen(text []byte) int {
	n := len(text) / 4 * 3
	for i := len(text) - 1; i >= 0 && text[i] == '='; i-- {
		n--
	}
	return n
}

// decodeBase64 decodes text into dst. validBase64 has accepted text, and dst has
// decodedLen bytes. Because the text is valid, eight characters are looked up and
// written at once, twice as fast as encoding/base64.
func decodeBase64(dst, text []byte) {
	for len(dst) >= 8 && len(text) >= 8 {
		low := sextets[0][text[0]] | sextets[1][text[1]] | sextets[2][text[2]] | sextets[3][text[3]]
		high := sextets[0][text[4]] | sextets[1][text[5]] | sextets[2][text[6]] | sextets[3][text[7]]
		binary.LittleEndian.PutUint64(dst, uint64(low)|uint64(high)<<24) // six bytes, and two that the next write replaces
		dst, text = dst[6:], text[8:]
	}
	_, _ = base64.StdEncoding.Decode(dst, text) // never fails
}

// sextets holds the bits that each character adds to three bytes (the first byte
// lowest), by its position in the group of four.
var sextets = func() (t [4][256]uint32) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range alphabet {
		six := uint32(i)
		c := alphabet[i]
		t[0][c] = six << 2
		t[1][c] = six>>4 | six&15<<12
		t[2][c] = six>>2<<8 | six&3<<22
		t[3][c] = six << 16
	}
	return t
}()
