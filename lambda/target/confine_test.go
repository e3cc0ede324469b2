package target

import "testing"

func TestConfine(t *testing.T) {
	for _, tt := range []struct{ dir, destination, path string }{
		{"", "a", ""}, {"", "-", ""}, {"", "/tmp/a", ""},
		{"/tmp", "a", "a"}, {"/tmp", "a/./b", "a/b"}, {"/tmp", "a/../b", "b"}, {"/tmp", "/tmp/a", "a"}, {"/tmp/", "/tmp//a", "a"},
		{"/tmp", "-", ""}, {"/tmp", "./-", "-"}, {"/tmp", "..", ""}, {"/tmp", "../a", ""}, {"/tmp", "a/../../b", ""},
		{"/tmp", "/tmp", ""}, {"/tmp", ".", ""}, {"/tmp", "/tmpx", ""}, {"/tmp", "/tmp/../etc/a", ""}, {"/tmp", "/home/u/.profile", ""},
	} {
		l := catalog.Read(with("type", "file", "destination", tt.destination), "")
		l.Confine(tt.dir)
		d := l.Spec.Destination
		if tt.path == "" {
			if l.Err() == nil {
				t.Errorf("%q below %q may be written to, as %+v", tt.destination, tt.dir, d)
			}
		} else if l.Err() != nil || d.Root != tt.dir || d.Path != tt.path {
			t.Errorf("%q below %q: %v, %+v", tt.destination, tt.dir, l.Err(), d)
		}
	}
	l := catalog.Read(with("type", "kinesis", "destination", "d"), "")
	if l.Confine(""); l.Err() != nil {
		t.Error(l.Err())
	}
}
