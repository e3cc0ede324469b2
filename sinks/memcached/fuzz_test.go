package memcached

import (
	"bytes"
	"context"
	"net"
	"testing"

	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

// FuzzMemcachedAnswer asserts that a set is acknowledged by STORED alone, and that a login
// reads its line and no more.
func FuzzMemcachedAnswer(f *testing.F) {
	for _, answer := range []string{"STORED\r\n", "STORED", "NOT_STORED\r\n", "ERROR\r\n", "SERVER_ERROR out of memory\r\n", "CLIENT_ERROR x\r\nSTORED\r\n", "\r\n", "STORED\n"} {
		f.Add([]byte(answer), uint16(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint16) {
		m := New("127.0.0.1:1", cache.Options{})
		defer m.Close()
		m.client.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return sinktest.NewScripted(answer, int(piece)), nil
		}
		o := m.Send(t.Context(), sinktest.Numbered(1))
		err := o.Err(0)
		if stored := bytes.HasPrefix(answer, []byte("STORED\r\n")); stored != (err == nil) {
			t.Errorf("%q: the record has error %v", answer, err)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}

		conn := sinktest.NewScripted(answer, int(piece))
		err = login(conn, "user", "password")
		line, rest, _ := bytes.Cut(answer, []byte("\n"))
		if left := bytes.Join(conn.Pieces, nil); err == nil && (string(bytes.TrimSuffix(line, []byte("\r"))) != "STORED" || !bytes.Equal(left, rest)) {
			t.Errorf("%q logs in, and leaves %q", answer, left)
		}
	})
}
