package target

import (
	"path/filepath"

	"fanout/internal/awsname"
)

// Confine restricts a file target from a table to paths below dir. An empty dir is a fault.
// Standard output is no file, so it is a fault too.
func (l *Loaded) Confine(dir string) {
	d := &l.Spec.Destination
	if l.Spec.Type == nil || !l.Spec.Type.Disk || d.Path == "" {
		return
	}
	if dir == "" {
		l.Faults = append(l.Faults, l.Fault("type", "is file, which a table does not allow by default; set FANOUT_ALLOW_FILE_TARGETS=true for the function, add --allow-file-targets DIR to run, replay, redrive or lint, or move the target to a targets file"))
		return
	}
	path := d.Path
	if filepath.IsAbs(path) {
		path, _ = filepath.Rel(dir, path) // "" if path is not below dir
	}
	if path = filepath.Clean(path); path == "." || d.Path == "-" || !filepath.IsLocal(path) {
		l.Faults = append(l.Faults, l.Fault("destination", "%s is not a file below %s, the only folder that file targets in a table may write to; name a file below it", awsname.Quote(d.Path), dir))
		return
	}
	d.Root, d.Path = dir, path
}
