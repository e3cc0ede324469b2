package tune

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// decodeYAML reads one document, and rejects members that v does not have.
func decodeYAML(data []byte, v any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	return d.Decode(v)
}

// plain returns the reason of a file error, without the file's name.
func plain(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// Seconds is a time in seconds. In files it is a duration such as 20ms. In JSON and
// YAML output it is a number of milliseconds.
type Seconds float64

// UnmarshalYAML reads a duration.
func (s *Seconds) UnmarshalYAML(n *yaml.Node) error {
	d, err := time.ParseDuration(n.Value)
	if err != nil || d < 0 {
		return errors.New("line " + strconv.Itoa(n.Line) + ": " + n.Value + " is not a duration such as 20ms")
	}
	*s = Seconds(d.Seconds())
	return nil
}

// Duration returns s as a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }
