package kinesis

import (
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses the name or ARN of a stream.
func Parse(text string) (sinks.Destination, error) {
	return place.Stream(text, "kinesis", "stream", 128)
}
