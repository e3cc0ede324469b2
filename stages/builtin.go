package stages

import (
	"fmt"
	"runtime/debug"

	"fanout/engine"
	"fanout/internal/jq"
)

// DecompressType is the type of [Decompress].
var DecompressType = &Type{
	Name: "decompress", Attribute: "decompress", Sources: []string{kinesis}, Place: Unpack,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Decompress == Uncompressed || s.Source != kinesis {
			return nil, nil
		}
		return Decompress{Format: s.Decompress, Bytes: maxBatch()}, nil
	},
}

// maxBatch returns the most bytes that a batch may decompress to, or become: half of the memory
// limit of Go's runtime. Requests and the event itself need the other half. Without a
// limit, as outside Lambda, it is 1 GiB.
func maxBatch() int { return int(min(debug.SetMemoryLimit(-1)/2, 1<<30)) }

// perRecord is the memory, in bytes, that a record counts as which a stage makes in addition
// to the others.
const perRecord = 256

// perUserRecord is the same for a user record of an aggregate. Its data stay where they are.
const perUserRecord = perRecord / 2

// DeaggregateType is the type of [Deaggregate].
var DeaggregateType = &Type{
	Name: "deaggregate", Attribute: "deaggregate", Sources: []string{kinesis}, Place: Unpack,
	New: func(s *Settings) (engine.Stage, error) {
		if !s.Deaggregate || s.Source != kinesis {
			return nil, nil
		}
		return Deaggregate{Records: maxBatch() / perUserRecord}, nil
	},
}

// UnwrapType is the type of [Unwrap].
var UnwrapType = &Type{
	Name: "unwrap", Attribute: "unwrap", Sources: []string{kinesis, sns, sqs}, Place: Unpack,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Unwrap == NoWrapping || s.Source == dynamoDB {
			return nil, nil
		}
		return Unwrap{From: s.Unwrap}, nil
	},
}

// ConvertDDBType is the type of [ConvertDDB].
var ConvertDDBType = &Type{
	Name: "convertddb", Attribute: "convertDDB", Sources: []string{dynamoDB}, Place: Convert,
	New: func(s *Settings) (engine.Stage, error) {
		if !s.ConvertDDB || s.Source != dynamoDB {
			return nil, nil
		}
		return ConvertDDB{Event: s.plainSource(), Exponents: s.Exponents}, nil
	},
}

// FilterType is the type of [Filter].
var FilterType = &Type{
	Name: "filter", Attribute: "filter", Place: Select,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Filter == "" {
			return nil, nil
		}
		return NewFilter(s.Filter, s.Source, s.plainOld())
	},
}

// ViewType is the type of [View]. A sink that takes source records has them as they are.
var ViewType = &Type{
	Name: "view", Attribute: "view", Sources: []string{dynamoDB}, Place: Pick,
	New: func(s *Settings) (engine.Stage, error) {
		if s.View == NewImage || s.Source != dynamoDB || s.Events {
			return nil, nil
		}
		return View{Of: s.View}, nil
	},
}

// TransformType is the type of [Transform].
var TransformType = &Type{
	Name: "transform", Attribute: "transform", Place: Reshape,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Transform == "" {
			return nil, nil
		}
		program, err := jq.Compile(s.Transform)
		if err != nil {
			return nil, fmt.Errorf("transform: %w", err)
		}
		return Transform{Program: program, Text: s.TransformOutput == "text", Source: s.SourceARN, PlainOld: s.plainOld(), Bytes: maxBatch()}, nil
	},
}

// plainOld reports whether $old is converted to plain JSON, because the source record is not.
func (s *Settings) plainOld() bool {
	return s.Source == dynamoDB && s.ConvertDDB && !s.plainSource()
}

// KeyType is the type of [Key].
var KeyType = &Type{
	Name: "key", Attribute: "key", Place: Rekey,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Key == "" {
			return nil, nil
		}
		program, err := jq.Compile(s.Key)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		return Key{Program: program, Source: s.SourceARN, PlainOld: s.plainOld(), Bytes: maxBatch()}, nil
	},
}

// EnvelopeType is the type of [Envelope].
var EnvelopeType = &Type{
	Name: "envelope", Attribute: "envelope", Place: Wrap,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Envelope == NoEnvelope || s.Events || s.Envelope == Debezium && s.Source != dynamoDB {
			return nil, nil
		}
		return Envelope{Form: s.Envelope, Source: s.SourceARN}, nil
	},
}

// NewlineType is the type of [Newline]. DynamoDB images inside of source records end no
// line.
var NewlineType = &Type{
	Name: "newline", Attribute: "appendNewlines", Place: Line,
	New: func(s *Settings) (engine.Stage, error) {
		if !s.AppendNewlines || s.Events && s.Source == dynamoDB {
			return nil, nil
		}
		return Newline{}, nil
	},
}

// CollapseType is the type of [Collapse].
var CollapseType = &Type{
	Name: "collapse", Attribute: "collapse", Place: Merge,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Collapse == None {
			return nil, nil
		}
		c := Collapse{Mode: s.Collapse, Records: s.BatchRecords, Bytes: s.RecordBytes, Text: s.Messages}
		if c.Text && c.Mode == Concat {
			c.Bytes -= encodingBytes
		}
		if c.Bytes == 0 || s.BatchBytes != 0 && s.BatchBytes < c.Bytes {
			c.Bytes = s.BatchBytes
		}
		return c, nil
	},
}

// encodingBytes is the size of the attribute that marks a base64 message. Concatenated
// records become base64 if they are not text.
const encodingBytes = len("encoding" + "String" + "base64")

// CompressType is the type of [Compress]. It runs behind Collapse, because a message of many
// records compresses better than each of them.
var CompressType = &Type{
	Name: "compress", Attribute: "compress", Place: Encode,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Compress == Uncompressed {
			return nil, nil
		}
		return Compress{Format: s.Compress}, nil
	},
}

// ShapeType is the type of [Shape]. Collapse has the same bounds itself.
var ShapeType = &Type{
	Name: "shape", Attribute: "batchRecords", Place: Bound,
	New: func(s *Settings) (engine.Stage, error) {
		if s.Collapse != None || s.BatchRecords == 0 && s.BatchBytes == 0 {
			return nil, nil
		}
		return Shape{Records: s.BatchRecords, Bytes: s.BatchBytes}, nil
	},
}

// Types returns the built-in types.
func Types() []*Type {
	return []*Type{
		DecompressType, DeaggregateType, UnwrapType, ConvertDDBType, FilterType, ViewType, TransformType, KeyType, EnvelopeType, NewlineType,
		CollapseType, CompressType, ShapeType,
	}
}
