package stages

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"fanout/engine"
)

// Type describes a kind of stage: how a target asks for it, and where it runs.
type Type struct {
	// Name is the stage's name in the attribute stages: stages: [{name: {option: value}}].
	Name string

	// Attribute is the attribute of a target that turns a built-in stage on. "" means that
	// the stage is asked for in the attribute stages.
	Attribute string

	// Sources are the services whose records the stage can change, such as kinesis. None
	// means all.
	Sources []string

	// Place is where the stage runs. Stages of one place run in the order in which the
	// target lists them.
	Place Place

	// New returns the stage of a target, or nil if it has nothing to do there. Stages with
	// equal options should be equal, because equal stages of several targets run once; so a
	// stage must be comparable. The error is one sentence that begins with the option at
	// fault, such as "fields[2]: is empty; write a name". Several of them may be joined.
	New func(s *Settings) (engine.Stage, error)
}

// Place is a place in the order of stages.
type Place uint8

// The places, in their order.
const (
	Unpack  Place = iota // one record becomes the records inside it
	Convert              // the data gets another format
	Select               // unwanted records go
	Pick                 // the data becomes another part of the source record
	Reshape              // the data becomes what a program makes of it
	Own                  // stages of the attribute stages
	Rekey                // the record gets another key
	Wrap                 // the data goes into an envelope
	Line                 // the data ends as a line
	Merge                // records become one message
	Encode               // records and messages are compressed
	Bound                // requests are kept small
)

// SourceReader is a stage that may read the source record, Record.Raw. If a record fails
// before it has passed such a stage, its envelope keeps the source record, so that the stage
// can run when the envelope is sent again.
type SourceReader interface {
	engine.Stage
	ReadsSource() bool
}

// Settings are the input that the stages of a target depend on.
type Settings struct {
	// Options are the options of a stage in the attribute stages: a JSON object, or nil if
	// there are none. See [Options].
	Options json.RawMessage

	Source    string // service of the source, such as kinesis
	SourceARN string

	// The attributes of built-in stages.
	Decompress, Compress                    Compression
	Unwrap                                  Wrapping
	View                                    Views
	Envelope                                EnvelopeForm
	Deaggregate, ConvertDDB, AppendNewlines bool
	Filter                                  string // an event pattern in JSON; "": none
	Transform, TransformOutput, Key         string // "": none
	Collapse                                Mode
	BatchRecords, BatchBytes                int // 0: no bound

	// The forms that the sink accepts.
	Events      bool // source records, as a function does
	Exponents   bool // integers of more than 64 bits only with an exponent
	Messages    bool // text with attributes; binary data as base64
	RecordBytes int  // the sink's limit of a record; 0: none
}

// plainSource reports whether convertDDB makes plain JSON of the images in source records, and
// not of the data alone.
func (s *Settings) plainSource() bool {
	return s.ConvertDDB && s.Source == dynamoDB && (s.Events || s.View != NewImage || s.Envelope == Debezium)
}

// The services of sources, see Settings.Source.
const (
	kinesis  = "kinesis"
	dynamoDB = "dynamodb"
)

// Options decodes the options of a stage into v, a pointer to a struct, as encoding/json
// does. Unknown options are errors.
func Options(s *Settings, v any) error {
	if len(s.Options) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(s.Options))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &optionError{wrong.Field, "must not be a JSON " + wrong.Value}
	}
	if name, unknown := strings.CutPrefix(errorText(err), "json: unknown field "); unknown {
		return &optionError{strings.Trim(name, `"`), "is not an option of this stage"}
	}
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			return errors.New("has more than one value")
		}
	}
	return err
}

// optionError is a fault of one option.
type optionError struct{ option, text string }

func (e *optionError) Error() string {
	if e.option == "" {
		return e.text
	}
	return e.option + ": " + e.text
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
