package stages

import (
	"context"
	"fmt"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Unwrap takes the data of records out of the envelope that a service put around it. A
// record without such an envelope fails alone.
//
//	SNS          the Message of a notification (SNS guide, Message JSON format)
//	EventBridge  the detail of an event (EventBridge guide, Events)
type Unwrap struct{ From Wrapping }

// Name returns "unwrap" and the service.
func (u Unwrap) Name() string { return "unwrap " + u.From.String() }

// Process unwraps each record.
func (u Unwrap) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	cells := engine.NewPayloads(len(in))
	out.Grow(len(in))
	for _, r := range in {
		inside, err := u.inside(r.Data.Bytes())
		if err != nil {
			out.Fail(r, err)
			continue
		}
		out.EmitWithSource(r.With(cells.Bytes(inside)), r.Raw)
	}
}

var (
	errNotNotification = engine.Errorf(engine.Permanent, "unwrap: the data is not a notification of SNS; remove unwrap if the subscription delivers raw messages")
	errNotEvent        = engine.Errorf(engine.Permanent, "unwrap: the data is not an event of EventBridge; remove unwrap if the rule sends only a part of the event")
)

// inside returns the content of an envelope.
func (u Unwrap) inside(data []byte) ([]byte, error) {
	if u.From == EventBridge {
		return eventDetail(data)
	}
	return notificationMessage(data)
}

// notificationMessage returns the Message of a notification.
func notificationMessage(data []byte) ([]byte, error) {
	var kind, message jsonscan.Value
	c := jsonscan.Cursor{Text: data, AnyBytes: true}
	v, ok := c.Object(func(name jsonscan.Value) (ok bool) {
		switch string(name.Content()) {
		case "Type":
			kind, ok = c.Value()
		case "Message":
			message, ok = c.Value()
		default:
			_, ok = c.Value()
		}
		return ok
	})
	if !ok || !c.End() || v.Kind != jsonscan.Object || string(kind.Content()) != "Notification" || !message.IsString() {
		return nil, errNotNotification
	}
	return message.Content(), nil
}

// eventDetail returns the detail of an event.
func eventDetail(data []byte) (detail []byte, err error) {
	var kind jsonscan.Value
	c := jsonscan.Cursor{Text: data, AnyBytes: true}
	v, ok := c.Object(func(name jsonscan.Value) (ok bool) {
		switch string(name.Content()) {
		case "detail-type":
			kind, ok = c.Value()
		case "detail":
			c.Peek()
			start := c.Pos
			_, ok = c.Value()
			detail = c.Since(start)
		default:
			_, ok = c.Value()
		}
		return ok
	})
	if !ok || !c.End() || v.Kind != jsonscan.Object || !kind.IsString() || detail == nil {
		return nil, errNotEvent
	}
	return detail, nil
}

// Wrapping is the envelope of a service.
type Wrapping uint8

const (
	NoWrapping  Wrapping = iota // "none"
	SNS                         // "sns"
	EventBridge                 // "eventbridge"
)

var wrappings = [...]string{NoWrapping: "none", SNS: "sns", EventBridge: "eventbridge"}

// String returns the name of the envelope.
func (w Wrapping) String() string {
	if int(w) < len(wrappings) {
		return wrappings[w]
	}
	return fmt.Sprintf("wrapping %d", uint8(w))
}

// ParseWrapping returns the envelope with exactly that name; "" is NoWrapping.
func ParseWrapping(name string) (Wrapping, error) {
	for w, n := range wrappings {
		if n == name {
			return Wrapping(w), nil
		}
	}
	if name == "" {
		return NoWrapping, nil
	}
	return NoWrapping, fmt.Errorf("%q is not an envelope; write none, sns or eventbridge", name)
}
