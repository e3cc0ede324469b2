package lines

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
)

// addKafka adds a record of partition 0 of a topic.
func (m *Maker) addKafka(ctx context.Context, number int, line string) error {
	offset := fmt.Sprint(number)
	if m.Run != 0 {
		offset = fmt.Sprintf("%d%012d", m.Run, number)
	}
	topic := m.topic()
	key, err := m.result(ctx, "key", m.Key, "", &jq.Record{
		Data: []byte(line), Source: m.Source, Shard: topic + "-0", Sequence: offset, Arrived: m.Now.UnixMilli(),
	})
	if err != nil {
		return err
	}
	var keyBytes []byte // null
	if key != "" {
		keyBytes = []byte(key)
	}
	return m.add(number, map[string]any{
		"topic": topic, "partition": 0, "offset": json.Number(offset), "timestamp": m.Now.UnixMilli(), "timestampType": "CREATE_TIME",
		"key": keyBytes, "value": []byte(line), "headers": []any{},
	})
}

// topic returns the name of the topic.
func (m *Maker) topic() string { return m.Source[strings.LastIndexByte(m.Source, '/')+1:] }

// frame returns what is around the records of an event.
func (m *Maker) frame() (start, end string) {
	if m.Service != awsname.Kafka {
		return `{"Records":[`, `]}`
	}
	return awsname.KafkaEvent(m.Source, m.topic()+"-0")
}
