package stages_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// reference converts DynamoDB JSON with encoding/json, into the tokens of plain
// JSON. It panics at unexpected input.
type reference struct {
	in  *json.Decoder
	out []json.Token
}

func refer(data []byte) (out []json.Token, err error) {
	if !json.Valid(data) || !utf8.Valid(data) {
		return nil, errors.New("not JSON")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	r := reference{in: json.NewDecoder(bytes.NewReader(data))}
	r.in.UseNumber()
	r.item(1)
	return r.out, nil
}

func (r *reference) next() json.Token {
	token, err := r.in.Token()
	if err != nil {
		panic(err)
	}
	return token
}

func (r *reference) want(token json.Token) {
	if got := r.next(); got != token {
		panic(fmt.Sprintf("%v instead of %v", got, token))
	}
}

func (r *reference) text() string          { return r.next().(string) }
func (r *reference) emit(token json.Token) { r.out = append(r.out, token) }

// each converts the elements between two delimiters with element.
func (r *reference) each(first, last json.Delim, element func()) {
	r.want(first)
	r.emit(first)
	for r.in.More() {
		element()
	}
	r.want(last)
	r.emit(last)
}

func (r *reference) item(level int) {
	r.each('{', '}', func() {
		r.emit(r.text())
		r.attribute(level)
	})
}

func (r *reference) attribute(level int) {
	if level > 32 {
		panic("too deep")
	}
	r.want(json.Delim('{'))
	switch name := r.text(); name {
	case "S", "N", "B":
		r.scalar(name)
	case "SS", "NS", "BS":
		r.each('[', ']', func() { r.scalar(name[:1]) })
	case "BOOL":
		r.emit(r.next().(bool))
	case "NULL":
		_ = r.next().(bool)
		r.emit(nil)
	case "M":
		r.item(level + 1)
	case "L":
		r.each('[', ']', func() { r.attribute(level + 1) })
	default:
		panic("type " + name)
	}
	r.want(json.Delim('}'))
}

func (r *reference) scalar(kind string) {
	text := r.text()
	switch kind {
	case "N":
		checkNumber(text)
		r.emit(json.Number(text))
		return
	case "B":
		if _, err := base64.StdEncoding.DecodeString(text); err != nil || strings.ContainsAny(text, "\r\n") {
			panic("base64")
		}
	}
	r.emit(text)
}

var numberForm = regexp.MustCompile(`^-?((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?$`)

func checkNumber(text string) {
	form := numberForm.FindStringSubmatch(text)
	if form == nil {
		panic("number")
	}
	mantissa, exponent := form[1], form[2]
	digits := strings.Trim(strings.Replace(mantissa, ".", "", 1), "0")
	if digits == "" {
		return
	}
	if len(digits) > 38 {
		panic("digits")
	}
	power := new(big.Int)
	if exponent != "" {
		power.SetString(exponent, 10)
	}
	// Far beyond the range, the number itself would be too long to handle.
	if most := int64(len(text) + 200); power.CmpAbs(big.NewInt(most)) > 0 {
		panic("range")
	}
	value, _ := new(big.Rat).SetString(mantissa + "e" + power.String())
	least, _ := new(big.Rat).SetString("1e-130")
	beyond, _ := new(big.Rat).SetString("1e126")
	if value.Cmp(least) < 0 || value.Cmp(beyond) >= 0 {
		panic("range")
	}
}

// tokens returns the tokens of text.
func tokens(t *testing.T, text []byte) (all []json.Token) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, token)
	}
}
