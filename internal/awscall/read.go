package awscall

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"fanout/internal/awshttp"
)

// Text is a short body.
type Text string

// Reader implements Body.
func (t Text) Reader() io.ReadSeekCloser { return &textReader{strings.NewReader(string(t))} }

// Len implements Body.
func (t Text) Len() int64 { return int64(len(t)) }

// Hash implements Body.
func (t Text) Hash() string {
	sum := sha256.Sum256([]byte(t))
	return hex.EncodeToString(sum[:])
}

type textReader struct{ *strings.Reader }

func (*textReader) Close() error { return nil }

// JSON returns a Read that decodes an answer of at most this many values into v. The answer
// must be one JSON value.
func JSON(v any, values int) Read {
	return func(answer *http.Response) error {
		text, err := io.ReadAll(awshttp.Counted(answer.Body, values))
		if err != nil {
			return err
		}
		return json.Unmarshal(text, v)
	}
}

// XML returns a Read that decodes an answer of at most this many elements into v. The answer
// must be one element.
func XML(v any, elements int) Read {
	return func(answer *http.Response) error {
		text, err := io.ReadAll(awshttp.Counted(answer.Body, elements))
		if err != nil {
			return err
		}
		return DecodeXML(text, v)
	}
}

var errGoesOn = errors.New("text follows the answer")

// DecodeXML decodes text, which must be one element, into v.
func DecodeXML(text []byte, v any) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(v); err != nil {
		return err
	}
	for {
		switch token, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			if space, ok := token.(xml.CharData); !ok || len(bytes.TrimSpace(space)) > 0 {
				return errGoesOn
			}
		}
	}
}
