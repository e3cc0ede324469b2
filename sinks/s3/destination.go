package s3

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/bucket"
)

// maxPrefix bounds the text of a prefix. A key has 1,024 bytes (Amazon S3 user guide, Object
// key naming guidelines), and the rest of it is for the values of places and for the name of
// the object.
const maxPrefix = 400

// Places of a prefix, as in ${year}.
const (
	placeSource = "source"
	placeTarget = "target"
	placeShard  = "shard"
	placeYear   = "year"
	placeMonth  = "month"
	placeDay    = "day"
	placeHour   = "hour"
)

var places = []string{placeSource, placeTarget, placeShard, placeYear, placeMonth, placeDay, placeHour}

// folders are the end of a prefix without places.
const folders = "${source}/${year}/${month}/${day}/${hour}"

// Parse parses the URL of a bucket and a prefix, such as s3://lake/orders. The prefix may have
// places.
func Parse(text string) (sinks.Destination, error) {
	name, prefix, err := bucket.Parse(text)
	if err != nil {
		return sinks.Destination{}, err
	}
	if len(prefix) > maxPrefix {
		return sinks.Destination{}, fmt.Errorf("has a prefix of %d bytes; write at most %d", len(prefix), maxPrefix)
	}
	if _, err := parsePrefix(prefix); err != nil {
		return sinks.Destination{}, err
	}
	return sinks.Destination{Name: name, Path: prefix, Address: text}, nil
}

// part is a part of a prefix: text, or a place.
type part struct{ text, place string }

// parsePrefix returns the parts of a prefix. A prefix without places gets folders.
func parsePrefix(prefix string) (parts []part, err error) {
	prefix = strings.Trim(prefix, "/")
	if !strings.Contains(prefix, "${") {
		prefix = strings.TrimPrefix(prefix+"/"+folders, "/")
	}
	for prefix != "" {
		text, rest, found := strings.Cut(prefix, "${")
		if text != "" {
			parts = append(parts, part{text: text})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			return nil, errors.New("has the place ${ without its end; add }")
		case !slices.Contains(places, name):
			return nil, fmt.Errorf("has the place ${%s}, which is unknown; write one of %s", awsname.Quote(name), strings.Join(places, ", "))
		}
		parts, prefix = append(parts, part{place: name}), after
	}
	return parts, nil
}
