package target

import "path/filepath"

// Confine makes a file target that comes from a table write below dir and nowhere
// else. Without dir it is a fault. Standard output is no file, and is a fault too.
func (l *Loaded) Confine(dir string) {
	d := &l.Spec.Destination
	if l.Spec.Type != File || d.Path == "" {
		return
	}
	if dir == "" {
		l.Faults = append(l.Faults, l.Fault("type", "is file, and the table may be written to by others than who runs fanout; allow it with FANOUT_ALLOW_FILE_TARGETS=true (run and redrive: --allow-file-targets DIR), or name the target in a file of targets"))
		return
	}
	path := d.Path
	if filepath.IsAbs(path) {
		path, _ = filepath.Rel(dir, path) // "" if it is not below dir
	}
	if path = filepath.Clean(path); path == "." || d.Path == "-" || !filepath.IsLocal(path) {
		l.Faults = append(l.Faults, l.Fault("destination", "%s is not a file below %s, where alone file targets of the table may write; name one that is", quote(d.Path), dir))
		return
	}
	d.Root, d.Path = dir, path
}
