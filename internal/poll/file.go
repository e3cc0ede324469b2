package poll

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// File holds checkpoints in a JSON file, which may serve many streams:
//
//	{"arn:aws:kinesis:…:stream/s": {"shardId-000000000000": {"sequenceNumber": "4959…", "ended": true}}}
//
// A write is atomic, even if the process or the machine stops. On systems with
// flock(2), only one process at a time can open the file. Make a File with
// [OpenFile].
type File struct {
	path string
	lock *os.File

	mu      sync.Mutex
	streams streams
}

// OpenFile opens the checkpoints at path for reading and writing. The file need not
// exist. OpenFile fails if the file does not hold checkpoints, or if another
// process has it open. Close it at the end of the run.
func OpenFile(path string) (*File, error) {
	// The lock needs its own file because each write replaces the file at path.
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR|noFollow, 0o600)
	if err != nil {
		return nil, fmt.Errorf("checkpoint file %s cannot be locked: %w", path, err)
	}
	f := &File{path: path, lock: lock}
	if err := flock(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint file %s is in use by another process; stop it or choose another file: %w", path, err), lock.Close())
	}
	if f.streams, err = readFile(path); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

// Close lets other processes open the file. It does not write.
func (f *File) Close() error { return f.lock.Close() }

// Load implements [Checkpoints].
func (f *File) Load(stream string) (map[string]Checkpoint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.streams[stream]), nil
}

// Save implements [Checkpoints].
func (f *File) Save(stream string, shards map[string]Checkpoint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.streams[stream] = maps.Clone(shards)
	data, err := json.MarshalIndent(f.streams, "", "  ")
	if err != nil {
		return err
	}
	return replace(f.path, append(data, '\n'))
}

func readFile(path string) (streams, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return make(streams), nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint file %s cannot be read: %w", path, err)
	}
	all, err := parseCheckpoints(data)
	if err != nil {
		return nil, fmt.Errorf("%s is not a valid checkpoint file; correct it or choose another one: %w", path, err)
	}
	return all, nil
}

// parseCheckpoints is strict. Stopping is better than misreading a file, or
// overwriting a file of another kind.
func parseCheckpoints(data []byte) (streams, error) {
	var all streams
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is text after the JSON object")
	}
	if all == nil {
		return nil, errors.New("it has no JSON object")
	}
	for stream, shards := range all {
		for id, c := range shards {
			if !isNumber(c.Seq) {
				return nil, fmt.Errorf("shard %q of %q has a sequence number that is not a number", id, stream)
			}
		}
	}
	return all, nil
}

func isNumber(seq string) bool {
	for i := range len(seq) {
		if seq[i] < '0' || seq[i] > '9' {
			return false
		}
	}
	return true
}

// replace atomically puts data into the file at path, and returns when the data
// would survive a power failure. If path is a symbolic link, it becomes a file.
func replace(path string, data []byte) error {
	dir, name := filepath.Split(path)
	// The random name is new, so no planted link is followed.
	temp, err := os.CreateTemp(filepath.Clean(dir), name+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	if err = writeSynced(temp, data); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDir(filepath.Clean(dir))
}

// writeSynced writes data to f, durably, and closes it.
func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
